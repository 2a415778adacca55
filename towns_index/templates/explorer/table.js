// The table of the chosen towns: the same that the map shows, to sort, to page through and to take away.

const ROWS = 50;

const SORTS = new Map([
  ["name", { words: "Town", key: (town) => TOWNS.name[town] }],
  ["region", { words: "Region", key: (town) => TOWNS.region[town] }],
  ["residents", { words: "Residents", key: (town) => TOWNS.residents[town], numeric: true }],
  ["count", { words: "Has", key: (town) => numberHeld(judged, town), numeric: true }],
  ...REBUILT.map((cluster) => [cluster.cluster, { words: cluster.cluster, title: cluster.name, key: (town) => -STATUSES.indexOf(judged[cluster.cluster].status[town]) }]),
]);

const STATUS_CELLS = { full: "full", partial: "part", none: "–", not_assessed: "n/a" };

function sorted(towns) {
  const { key, numeric } = SORTS.get(state.sort);
  const keys = new Map(towns.map((town) => [town, key(town)]));
  // Numbers and letters of characteristics begin with the most, words with A.
  const order = numeric || CLUSTER.has(state.sort) ? (one, other) => keys.get(other) - keys.get(one) : (one, other) => keys.get(one).localeCompare(keys.get(other), "en-GB");
  const found = [...towns].sort((one, other) => order(one, other) || TOWNS.name[one].localeCompare(TOWNS.name[other], "en-GB"));
  return state.down ? found.reverse() : found;
}

function sortHead([name, sort]) {
  const now = state.sort === name;
  const most = sort.numeric || CLUSTER.has(name);
  return el("th", { scope: "col", class: sort.numeric ? "number" : null, "aria-sort": now ? (state.down !== Boolean(most) ? "descending" : "ascending") : null },
    button([sort.title ? el("abbr", { title: sort.title }, sort.words) : sort.words, now ? (state.down !== Boolean(most) ? " ▼" : " ▲") : ""],
      () => { choose({ sort: name, down: now ? !state.down : false }); at(`sort-${name}`)?.focus(); }, { id: `sort-${name}`, class: "sort" }));
}

function drawTable() {
  const towns = sorted(chosen());
  const pages = Math.max(1, Math.ceil(towns.length / ROWS));
  const page = Math.min(state.page, pages - 1);
  const part = towns.slice(page * ROWS, page * ROWS + ROWS);
  const status = (letter, town) => {
    const one = judged[letter].status[town];
    return el("span", { class: `cell ${one}` }, el("span", { "aria-hidden": "true" }, STATUS_CELLS[one]), el("span", { class: "unseen" }, STATUS_WORDS[one]));
  };
  const rows = part.map((town) => [townButton(town), TOWNS.region[town], TOWNS.residents[town].toLocaleString("en-GB"), String(numberHeld(judged, town)),
    ...REBUILT.map((cluster) => status(cluster.cluster, town))]);
  const turn = (by, words) => button(words, () => { choose({ page: page + by }); say(`Page ${state.page + 1} of ${pages}`); }, { disabled: page + by < 0 || page + by >= pages });
  replace(at("view-table"),
    el("p", { class: "help" }, "A letter stands for a characteristic: ", listed(REBUILT.map((cluster) => `${cluster.cluster} ${cluster.name}`)), ". “full” means in full, “part” in part (all criteria but one); “n/a” means not assessed."),
    table(`${plural(towns.length, "town")}, page ${page + 1} of ${pages}`, [...SORTS].map(sortHead), rows, { numeric: [2, 3], class: "towns" }),
    el("p", { class: "buttons" }, turn(-1, "Previous page"), ` Page ${page + 1} of ${pages} `, turn(1, "Next page")),
    el("p", { class: "buttons" },
      button("Download these towns (CSV)", () => saveText("open-towns-index-towns.csv", townsCsv(towns))),
      button("Download all memberships (CSV)", () => saveText("memberships.csv", membershipsCsv(judged)))));
}
