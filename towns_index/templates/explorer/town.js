// What the page says of one town.

const MOST_SIMILAR = 10;

function openTown(town) {
  walked = null;
  choose({ town });
  const title = at("town-title");
  title.focus({ preventScroll: true });
  const box = title.getBoundingClientRect();
  if (box.top < 0 || box.top > window.innerHeight * 0.6) at("town").scrollIntoView({ block: "start" });
  say(`${TOWNS.name[town]}. ${summary(town)}`);
}

function closeTown() {
  choose({ town: null });
  at("find").focus();
}

// One sentence that claims no more than the table.
function summary(town) {
  const having = (status) => CLUSTERS.filter((cluster) => judged[cluster.cluster].status[town] === status).length;
  const [full, partial, open] = [having("full"), having("partial"), having("not_assessed")];
  const assessed = CLUSTERS.length - open;
  const has = full + partial;
  const parts = has ? `: ${[full ? `${full} in full` : "", partial ? `${partial} in part` : ""].filter(Boolean).join(" and ")}` : "";
  return `It has ${has ? plural(has, "characteristic") : "no characteristic"} of the ${assessed} that could be assessed${parts}.`;
}

function drawTown() {
  const box = at("town");
  box.hidden = state.town === null;
  document.body.classList.toggle("with-town", state.town !== null);
  if (state.town === null) return replace(box);
  const town = state.town;
  const welsh = TOWNS.welsh[town];
  const order = [...CLUSTERS].sort((one, other) => STATUSES.indexOf(judged[one.cluster].status[town]) - STATUSES.indexOf(judged[other.cluster].status[town]));
  const having = order.filter((cluster) => held(judged, cluster.cluster, town));
  const others = order.filter((cluster) => !held(judged, cluster.cluster, town));
  const compared = state.compare.includes(town);
  return replace(box,
    el("h2", { id: "town-title", tabindex: "-1" }, TOWNS.name[town], welsh && welsh !== TOWNS.name[town] ? [" ", el("span", { lang: "cy", class: "welsh" }, welsh)] : null),
    el("p", null, `A ${TOWNS.size[town]} town of ${TOWNS.residents[town].toLocaleString("en-GB")} residents (mid-2019) in ${place(town)}. ${summary(town)}`),
    el("p", { class: "buttons" },
      button(compared ? "Take out of the comparison" : "Compare", () => { compare(town); at("town-title").focus({ preventScroll: true }); }),
      el("a", { class: "button", href: `towns/${TOWNS.slug[town]}.html` }, "Page of this town"),
      button("Close", closeTown)),
    el("h3", null, "Characteristics it has"),
    having.length ? having.map((cluster) => characteristic(cluster, town)) : el("p", null, "None, in full or in part."),
    later(`${plural(others.length, "other")}: not, or not assessed`, () => others.map((cluster) => characteristic(cluster, town)), { class: "others" }),
    el("h3", null, "Similar towns"),
    el("p", { class: "help" }, `By ${DATA.similar.indicators.length} indicators of all topics, each counted alike. The distance is the mean gap in standard deviations.`),
    el("ol", { class: "similar" }, similar(town).map(([other, distance]) => el("li", null, townButton(other), ` (${TOWNS.region[other]}, ${distance.toFixed(2)}). `, el("span", { class: "help" }, reasons(town, other))))),
    TOWNS.group[town] ? el("p", null, `Group of similar towns: ${TOWNS.group[town]}.`) : null);
}

function place(town) {
  const region = TOWNS.region[town];
  const authority = TOWNS.authority[town];
  const words = region === "Wales" || region.startsWith("Yorkshire") ? region : `the ${region}`;
  return authority === TOWNS.name[town] ? words : `${authority}, ${words}`;
}

function characteristic(cluster, town) {
  const letter = cluster.cluster;
  const now = judged[letter];
  const status = now.status[town];
  const count = status === "not_assessed" ? `${now.assessed[town]} of ${now.criteria.length} criteria assessed` : `${now.met[town]} of ${now.criteria.length} criteria`;
  const firm = rulesMoved() ? null : firmness(letter, town);
  return later([el("span", { class: `badge ${status}` }, STATUS_WORDS[status]), ` ${cluster.name}`, el("span", { class: "help" }, ` ${count}${firm ? `; firmness: ${firm.word}` : ""}`)], () => [
    el("p", null, `In general: ${cluster.about}`),
    firm ? el("p", null, firm.words) : null,
    table(`${cluster.name}: criteria of ${TOWNS.name[town]}`, ["Criterion", "Value", "Limit", "Met"], now.criteria.map((item) => criterionRow(item, town)), { numeric: [1, 2], quiet: true }),
  ], { class: "characteristic" });
}

function criterionRow(item, town) {
  const lines = item.lines.filter((line) => applies(line, town));
  const one = lines[0] ?? item.lines[0];
  const flag = one.rule === "yes" || one.rule === "no";
  const unit = lines.length === 1 ? INDICATOR.get(one.indicator)?.unit ?? "" : "parts met";
  const level = INDICATOR.get(one.indicator)?.level;
  const shared = SHARED.has(level) ? ` (a value of the ${SHARED_WORDS[level]})` : "";
  const show = (number) => (flag && lines.length === 1 ? (number === null ? "not known" : number ? "yes" : "no") : said(number, unit));
  const met = item.met[town];
  return [`${one.label}${shared}`, show(item.values[town]), show(item.limits[town]), met === null ? "not assessed" : met ? "yes" : "no"];
}

// How firmly a flag is held under the published rules.
function firmness(letter, town) {
  const found = DATA.firmness.clusters[letter];
  const word = found?.word[town];
  if (word === null || word === undefined) return null;
  const kept = found.status[town] > 0.99 && found.status[town] < 1 ? "over 99" : Math.floor(100 * found.status[town] + 1e-9);
  const criterion = found.criterion[town];
  const to = found.to[town];
  const item = CRITERIA.get(letter).find((one) => one.lines.some((line) => criterion === line.criterion || criterion === line.criterion + line.part));
  const flip = item && to ? ` What would change it first is the criterion “${item.lines[0].label}”: the town would then ${to === "none" ? "not have the characteristic" : `have it ${STATUS_WORDS[to]}`}.` : "";
  return { word: DATA.firmness.words[word], words: `In ${kept} of 100 repeats of the index with other reasonable choices and with errors of measurement, the town keeps this status (${DATA.firmness.words[word]}).${flip}` };
}

function score(indicator, town) {
  return DATA.similar.scores[indicator][town];
}

// The nearest towns: [town, root of the mean squared gap].
function similar(town) {
  const far = (other) => Math.sqrt(DATA.similar.indicators.reduce((sum, name) => sum + (score(name, town) - score(name, other)) ** 2, 0) / DATA.similar.indicators.length);
  return EVERY.filter((other) => other !== town).map((other) => [other, far(other)]).sort((one, other) => one[1] - other[1]).slice(0, MOST_SIMILAR);
}

// Why two towns are alike: what is unusual in both, the same way; and in which indicator they are furthest apart.
function reasons(town, other) {
  const pairs = DATA.similar.indicators.map((name) => ({ name, one: score(name, town), two: score(name, other) }));
  const word = (name, high) => INDICATOR.get(name)[high ? "high" : "low"];
  const common = pairs.filter(({ one, two }) => one * two > 0 && Math.min(Math.abs(one), Math.abs(two)) > 0.5)
    .map((pair) => ({ ...pair, weight: Math.min(Math.abs(pair.one), Math.abs(pair.two)) - Math.abs(pair.one - pair.two) }))
    .sort((one, two) => two.weight - one.weight).slice(0, 3).map(({ name, one }) => word(name, one > 0));
  const [apart] = [...pairs].sort((a, b) => Math.abs(b.one - b.two) - Math.abs(a.one - a.two));
  const alike = common.length ? `Both: ${listed(common)}.` : "Both near the average in most things.";
  const { label, unit } = INDICATOR.get(apart.name);
  return `${alike} Furthest apart: ${label} (here ${said(value(apart.name, town), unit)}, there ${said(value(apart.name, other), unit)}).`;
}
