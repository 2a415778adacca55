// The sandbox: every threshold and rule can be moved, and the memberships follow at once.

const RULE_WORDS = { above_mean: "above", below_mean: "below", at_least: "at least", at_most: "at most" };
const COMPARED_WORDS = { towns: "of all towns", nation: "of the towns of the nation", region: "of the towns of the region" };

function movable(line) {
  return line.rule in RULE_WORDS && DATA.values[line.indicator] !== undefined;
}

function moveLine(line, changes) {
  const rules = structuredClone(state.rules);
  const moved = { ...rules.lines[lineKey(line)], ...changes };
  const relative = line.rule === "above_mean" || line.rule === "below_mean";
  if (moved.measure === "value") {
    const number = moved.value ?? (relative ? roundedLimit(line) : Number(line.threshold));
    rules.lines[lineKey(line)] = { measure: "value", value: number };
  } else {
    delete moved.value;
    if (moved.measure === "" || moved.measure === undefined) delete moved.measure;
    if (moved.comparator === line.comparator) delete moved.comparator;
    if (!moved.by) delete moved.by;
    rules.lines[lineKey(line)] = moved;
  }
  const left = rules.lines[lineKey(line)];
  const same = left.measure === "value" && !relative && left.value === Number(line.threshold);
  if (same || !Object.keys(left).length) delete rules.lines[lineKey(line)];
  choose({ rules });
}

// The published limit of a line, rounded to three figures, to start from.
function roundedLimit(line) {
  const limit = judgeLine(line, {}, DATA.average).limits.find((number) => number !== null) ?? 0;
  return Number(limit.toPrecision(3));
}

// What the towns are compared with now: one limit, one for each nation, or the span of those of the regions.
function limitWords(line) {
  const moved = state.rules.lines[lineKey(line)] ?? {};
  const { limits } = lineJudged(line, moved, state.rules.average);
  const found = [...new Set(limits.filter((limit) => limit !== null))].sort((one, other) => one - other);
  if (found.length === 0) return "not known";
  if (found.length === 1) return said(found[0]);
  if (found.length === 2) return listed(["England", "Wales"].map((nation) => `${said(limits.find((limit, town) => limit !== null && TOWNS.nation[town] === nation))} in ${nation}`));
  return `${said(found[0])} to ${said(found.at(-1))}`;
}

function lineControls(line) {
  const key = lineKey(line);
  const moved = state.rules.lines[key] ?? {};
  const indicator = INDICATOR.get(line.indicator);
  const relative = line.rule === "above_mean" || line.rule === "below_mean";
  const measure = moved.measure ?? (relative ? "" : "value");
  const fixed = measure === "value";
  const measures = relative ? [["", `the ${DATA.average}`], [DATA.average === "mean" ? "median" : "mean", `the ${DATA.average === "mean" ? "median" : "mean"}`], ["value", "a value"]] : [["value", "a value"], ["mean", "the mean"], ["median", "the median"]];
  const remake = (changes) => {
    const focused = document.activeElement?.id;
    moveLine(line, changes);
    remakeRules();
    at(focused)?.focus();
  };
  const number = fixed
    ? el("input", { type: "number", step: "any", id: `value-${key}`, value: String(moved.value ?? line.threshold ?? roundedLimit(line)), oninput: (event) => event.target.value !== "" && moveLine(line, { measure: "value", value: Number(event.target.value) }) })
    : el("input", { type: "number", step: "any", id: `by-${key}`, value: String(moved.by ?? 0), oninput: (event) => event.target.value !== "" && moveLine(line, { by: Number(event.target.value) }) });
  return el("div", { class: "line", role: "group", "aria-label": indicator.label },
    el("p", { class: "help" }, `${indicator.label} (${indicator.unit}) is ${RULE_WORDS[line.rule]}: `, el("strong", { id: `limit-${key}` }, limitWords(line))),
    select(`measure-${key}`, "Measure", measures, measure, (chosen_) => remake(chosen_ === "value" ? { measure: "value" } : { measure: chosen_, value: undefined, ...(relative ? {} : { comparator: "towns" }) })),
    fixed ? null : select(`comparator-${key}`, "Compared with", Object.entries(COMPARED_WORDS), moved.comparator ?? (line.comparator === "absolute" ? "towns" : line.comparator), (comparator) => moveLine(line, { comparator })),
    el("p", { class: "field" }, el("label", { for: fixed ? `value-${key}` : `by-${key}` }, fixed ? `Limit (${indicator.unit})` : `Plus or minus (${indicator.unit})`), number));
}

function criterionControls(cluster, item) {
  const key = cluster.cluster + item.criterion;
  const toggle = (event) => {
    const rules = structuredClone(state.rules);
    rules.off = event.target.checked ? rules.off.filter((other) => other !== key) : [...rules.off, key];
    choose({ rules });
  };
  const known = item.lines.some((line) => DATA.values[line.indicator]);
  return el("li", null,
    el("p", null, el("input", { type: "checkbox", id: `on-${key}`, checked: !state.rules.off.includes(key), onchange: toggle }),
      el("label", { for: `on-${key}` }, `${item.criterion}. ${item.lines[0].label}${known ? "" : " (not rebuilt: no town is assessed)"}`)),
    item.lines.filter(movable).map(lineControls));
}

function clusterControls(cluster) {
  const letter = cluster.cluster;
  const needs = (chosen_) => {
    const rules = structuredClone(state.rules);
    rules.needed[letter] = Number(chosen_);
    if (Number(chosen_) === cluster.required) delete rules.needed[letter];
    choose({ rules });
  };
  const options = Array.from({ length: cluster.required }, (_, place) => [String(place + 1), String(place + 1)]);
  const box = later([`${letter}  ${cluster.name} `, el("span", { id: `now-${letter}`, class: "help" })], () => [
    el("p", null, cluster.about),
    select(`needs-${letter}`, "Criteria needed to have it in full (in part: one fewer)", options, String(state.rules.needed[letter] ?? cluster.required), needs),
    el("ol", { class: "rules" }, CRITERIA.get(letter).map((item) => criterionControls(cluster, item))),
  ], { id: `rules-${letter}`, class: "characteristic" });
  box.addEventListener("toggle", () => drawRules());
  return box;
}

function makeRules(view) {
  const open = new Set(CLUSTERS.filter((cluster) => at(`rules-${cluster.cluster}`)?.open).map((cluster) => cluster.cluster));
  const touched = rulesText(state.rules).split(";").filter((part) => !part.startsWith("average")).map((part) => part[0]);
  const average = (chosen_) => { choose({ rules: { ...structuredClone(state.rules), average: chosen_ } }); };
  const boxes = REBUILT.map(clusterControls);
  replace(view,
    el("p", null, "The published rules rest on choices: a mean or a median, a comparison with all towns or with the nation, four criteria or three. Move them and see what depends on them. Nothing is stored; the link to this view holds the rules."),
    el("div", { class: "controls" }, select("average", "“Above average” means above", [["mean", "the mean"], ["median", "the median"]], state.rules.average, average)),
    el("div", { class: "buttons" }, button("Back to the published rules", () => { choose({ rules: publishedRules() }); remakeRules(); }),
      button("Copy the link", copyLink),
      button("Download all memberships (CSV)", () => saveText("memberships.csv", membershipsCsv(judged)))),
    el("p", { id: "rules-words", class: "changes", role: "status" }),
    el("div", { class: "halves" }, el("div", null, el("h3", null, "Rules"), boxes), el("div", null, el("h3", null, "What changes"), el("div", { id: "rules-results" }))));
  for (const letter of new Set([...open, ...touched])) if (at(`rules-${letter}`)) at(`rules-${letter}`).open = true;
}

// Make the controls again, when what they hold was changed from elsewhere.
function remakeRules() {
  if (!made.has("rules")) return;
  makeRules(at("view-rules"));
  if (state.view === "rules") drawRules();
}

function changesOf(letter) {
  return EVERY.filter((town) => PUBLISHED[letter].status[town] !== judged[letter].status[town]);
}

function drawRules() {
  const size = (results, letter, status) => results[letter].status.filter((one) => one === status).length;
  for (const { cluster } of REBUILT) {
    const node = at(`now-${cluster}`);
    if (node) node.textContent = `${size(judged, cluster, "full")} in full, ${size(judged, cluster, "partial")} in part`;
  }
  for (const line of DATA.criteria) if (at(`limit-${lineKey(line)}`)) at(`limit-${lineKey(line)}`).textContent = limitWords(line);
  const step = (now, before) => (now === before ? String(now) : `${now} (${now > before ? "+" : "−"}${Math.abs(now - before)})`);
  const rows = REBUILT.map(({ cluster, name }) => [`${cluster}  ${name}`,
    ...["full", "partial"].map((status) => step(size(judged, cluster, status), size(PUBLISHED, cluster, status))), String(changesOf(cluster).length)]);
  const changed = REBUILT.flatMap(({ cluster, name }) => changesOf(cluster).map((town) => [townButton(town), `${cluster}  ${name}`, STATUS_WORDS[PUBLISHED[cluster].status[town]], STATUS_WORDS[judged[cluster].status[town]]]));
  const towns = new Set(REBUILT.flatMap(({ cluster }) => changesOf(cluster)));
  const words = rulesMoved() ? `${plural(changed.length, "status", "statuses")} of ${plural(towns.size, "town")} differ from the published ones.` : "These are the published rules: nothing differs.";
  at("rules-words").textContent = words;
  replace(at("rules-results"),
    table("Towns with each characteristic; in brackets, against the published rules", ["Characteristic", "In full", "In part", "Changed"], rows, { numeric: [1, 2, 3] }),
    changed.length ? later(`The ${plural(changed.length, "change")}`, () => table("Statuses that differ from the published ones", ["Town", "Characteristic", "Published", "Now"], changed)) : null);
}
