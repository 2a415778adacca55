// The page as a whole: filters, tabs, what is drawn again after a choice, and the first drawing.

const DRAW = { map: drawMap, table: drawTable, scatter: drawScatter, compare: drawCompare, rules: drawRules };
const made = new Set();

function makeFilters() {
  const box = (cluster) => {
    const id = `has-${cluster.cluster}`;
    const toggle = (event) => choose({ has: event.target.checked ? [...state.has, cluster.cluster].sort() : state.has.filter((letter) => letter !== cluster.cluster) });
    return el("li", null, el("input", { type: "checkbox", id, onchange: toggle }), el("label", { for: id }, `${cluster.cluster}  ${cluster.name}`));
  };
  const way = (name, words) => el("span", { class: "option" }, el("input", { type: "checkbox", id: `way-${name}`, onchange: (event) => choose({ [name]: event.target.checked }) }), el("label", { for: `way-${name}` }, words));
  replace(at("filters"),
    el("div", { class: "controls" },
      select("region", "Region", [["", "England and Wales"], ...REGIONS.map((name) => [name, name])], state.region, (region) => choose({ region })),
      select("authority", "Local authority", [["", "all"], ...AUTHORITIES.map((name) => [name, name])], state.authority, (authority) => choose({ authority })),
      el("p", { class: "field buttons" }, button("Clear the choice", () => choose({ region: "", authority: "", has: [], any: false, full: false, safe: false })), button("Copy the link to this view", copyLink))),
    el("details", { id: "characteristics" }, el("summary", null, "Characteristics"),
      el("fieldset", null, el("legend", null, "Towns that have"),
        el("ul", { class: "checks" }, REBUILT.map(box)),
        el("p", null, way("any", "any of these is enough"), " ", way("full", "only in full"), " ", way("safe", "only where firmly held (“safe”)")))));
}

function drawFilters() {
  for (const name of ["region", "authority"]) at(name).value = state[name];
  for (const cluster of CLUSTERS) if (at(`has-${cluster.cluster}`)) at(`has-${cluster.cluster}`).checked = state.has.includes(cluster.cluster);
  at("way-any").checked = state.any;
  at("way-full").checked = state.full;
  at("way-safe").checked = state.safe;
  at("way-safe").disabled = rulesMoved(); // firmness is known for the published rules only
  if (state.has.length) at("characteristics").open = true;
  const towns = chosen();
  const names = state.has.map((letter) => CLUSTER.get(letter).name);
  const having = names.length ? ` with ${listed(names, state.any ? "or" : "and")}${state.full ? " in full" : ""}${onlySafe() ? ", firmly held" : ""}` : "";
  at("count").textContent = `${towns.length === COUNT ? `All ${plural(COUNT, "town")}` : `${plural(towns.length, "town")} of ${COUNT}`}${having}.`;
}

function makeTabs() {
  const names = Object.keys(VIEWS);
  const go = (name) => {
    choose({ view: name });
    at(`tab-${name}`).focus();
  };
  const move = (event) => {
    const now = names.indexOf(state.view);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    go(names[(next + names.length) % names.length]);
  };
  replace(at("views"), names.map((name) => button(VIEWS[name], () => go(name), { id: `tab-${name}`, role: "tab", "aria-controls": `view-${name}`, onkeydown: move })));
}

function drawTabs() {
  for (const name of Object.keys(VIEWS)) {
    const now = name === state.view;
    at(`view-${name}`).hidden = !now;
    at(`tab-${name}`).setAttribute("aria-selected", String(now));
    at(`tab-${name}`).tabIndex = now ? 0 : -1;
  }
}

function drawNotice() {
  const box = at("changed-rules");
  box.hidden = !rulesMoved();
  if (!rulesMoved()) return replace(box);
  return replace(box, el("strong", null, "These are not the published results."), " The rules have been moved; everything on this page follows the moved rules, without firmness. ",
    button("Back to the published rules", () => { choose({ rules: publishedRules() }); remakeRules(); }));
}

// Draw what depends on the choices that changed.
function draw(changed) {
  const any = (...names) => names.some((name) => changed.has(name));
  if (any("view")) drawTabs();
  if (any("rules")) drawNotice();
  if (any("region", "authority", "has", "any", "full", "safe", "rules")) drawFilters();
  if (any("town", "compare", "rules")) drawTown();
  const view = state.view;
  const making = { map: makeMap, scatter: makeScatter, compare: makeCompare, rules: makeRules };
  if (!made.has(view)) {
    made.add(view);
    making[view]?.(at(`view-${view}`));
  }
  const onlyTown = [...changed].every((name) => name === "town" || name === "compare");
  if (view === "map" && onlyTown) ring();
  else if (!(view === "table" && onlyTown)) DRAW[view]();
}

function drawAll() {
  made.delete("rules");
  draw(new Set(["view", "rules", "region", "town", "all"]));
}

async function copyLink() {
  const link = location.href;
  try {
    await navigator.clipboard.writeText(link);
    say("The link is copied.");
  } catch {
    window.prompt("The link to this view:", link); // where a page may not write to the clipboard
  }
}

function opened(item) {
  if (item.town !== undefined) return openTown(item.town);
  choose({ authority: item.authority, region: "", has: [], view: "table", page: 0 });
  at("tab-table").focus();
  return say(at("count").textContent);
}

makeSearch(at("find"), at("found"), opened);
makeFilters();
makeTabs();
restore(location.hash);
drawAll();
window.addEventListener("hashchange", () => {
  if (location.hash.replace(/^#/, "") === fragment()) return;
  restore(location.hash);
  drawAll();
});
document.documentElement.dataset.ready = "yes";
