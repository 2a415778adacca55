// Towns side by side: characteristics, criteria met, and every indicator against all towns.

const MOST_COMPARED = 4;

function compare(town) {
  const there = state.compare.includes(town);
  if (!there && state.compare.length === MOST_COMPARED) return say(`${MOST_COMPARED} towns are the most that fit side by side; take one out first.`);
  choose({ compare: there ? state.compare.filter((other) => other !== town) : [...state.compare, town] });
  return say(there ? `${TOWNS.name[town]} is out of the comparison.` : `${TOWNS.name[town]} is in the comparison, with ${plural(state.compare.length - 1, "other")}.`);
}

function makeCompare(view) {
  replace(view,
    el("div", { class: "finder inside" },
      el("label", { for: "find-other" }, "Add a town to compare"),
      el("input", { id: "find-other", type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": "found-other", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" }),
      el("ul", { id: "found-other", role: "listbox", "aria-label": "Places found", hidden: true })),
    el("div", { id: "compare-towns" }));
  makeSearch(at("find-other"), at("found-other"), (item) => {
    if (item.town === undefined) say("Choose a town, not an authority.");
    else if (!state.compare.includes(item.town)) compare(item.town);
    at("find-other").focus();
  });
}

// Where a value stands among all towns: a line from the lowest to the highest, with the middle half and a mark.
function strip(indicator, town) {
  const known = DATA.values[indicator.id].filter((number) => number !== null).sort((one, other) => one - other);
  const number = value(indicator.id, town);
  if (number === null || !known.length) return null;
  const below = known.filter((other) => other < number).length;
  const same = known.filter((other) => other === number).length;
  const share = (below + same / 2) / known.length;
  return svg("svg", { class: "strip", viewBox: "0 0 100 12", width: 100, height: 12, "aria-hidden": "true" },
    svg("line", { class: "all", x1: 1, x2: 99, y1: 6, y2: 6 }), svg("line", { class: "half", x1: 25, x2: 75, y1: 6, y2: 6 }),
    svg("circle", { class: "mark", cx: (1 + 98 * share).toFixed(1), cy: 6, r: 5 }));
}

function standing(indicator, town) {
  const number = value(indicator.id, town);
  if (number === null) return "not known";
  const known = DATA.values[indicator.id].filter((other) => other !== null);
  const below = known.filter((other) => other < number).length;
  return `more than ${Math.round((100 * below) / known.length)} % of towns`;
}

function drawCompare() {
  const towns = state.compare.length ? state.compare : state.town === null ? [] : [state.town];
  if (!towns.length) {
    return replace(at("compare-towns"), el("p", null, `Add up to ${MOST_COMPARED} towns, here or with the button “Compare” of a town.`));
  }
  const heads = (first, more) => [first, ...towns.map((town) => TOWNS.name[town]), ...more];
  const statuses = REBUILT.map((cluster) => [
    `${cluster.cluster}  ${cluster.name}`,
    ...towns.map((town) => {
      const now = judged[cluster.cluster];
      const status = now.status[town];
      return el("span", null, el("span", { class: `badge ${status}` }, STATUS_WORDS[status]), status === "not_assessed" ? "" : ` ${now.met[town]} of ${now.criteria.length}`);
    })]);
  const numbers = (indicator) => [
    SHARED.has(indicator.level) ? el("span", null, indicator.label, el("span", { class: "help" }, ` (of the ${SHARED_WORDS[indicator.level]})`)) : indicator.label,
    ...towns.map((town) => el("span", null, said(value(indicator.id, town), indicator.unit), " ", strip(indicator, town), el("span", { class: "unseen" }, ` ${standing(indicator, town)}`))),
    said(mean(DATA.values[indicator.id].filter((number) => number !== null)), indicator.unit)];
  const topics = [...new Set(DATA.indicators.map((indicator) => indicator.topic))];
  const places = towns.map((_, place) => place + 1);
  return replace(at("compare-towns"),
    el("p", { class: "buttons" }, state.compare.map((town) => button(`Take out ${TOWNS.name[town]}`, () => { compare(town); at("find-other").focus(); })),
      button("Download this comparison (CSV)", () => saveText("open-towns-index-comparison.csv", comparisonCsv(towns)))),
    el("h3", null, "Characteristics"),
    table("Characteristics side by side", heads("Characteristic", []), statuses, { quiet: true, class: "side" }),
    el("h3", null, "Indicators"),
    el("p", { class: "help" }, "The line goes from the town with the lowest value to the one with the highest, the thick part is the middle half of the towns, the dot is the town."),
    topics.map((topic, place) => {
      const box = later(topic[0].toUpperCase() + topic.slice(1), () => table(`Indicators side by side: ${topic}`, heads("Indicator", ["Mean of all towns"]), DATA.indicators.filter((one) => one.topic === topic).map(numbers), { quiet: true, class: "side", numeric: [...places, towns.length + 1] }));
      if (place === 0) box.open = true;
      return box;
    }));
}
