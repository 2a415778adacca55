// What the reader has chosen, and the link that restores it. The state is one object; every choice goes through
// `choose`, which keeps the address up to date and draws again what depends on it.

const VIEWS = { map: "Map", table: "Table", scatter: "Two indicators", compare: "Compare", rules: "Move the rules" };

const INITIAL = () => ({
  town: null, view: "map", picture: "cartogram", colour: "count", region: "", authority: "", has: [], any: false, full: false, safe: false,
  sort: "name", down: false, page: 0, x: "degree_level", y: "house_price", compare: [], rules: publishedRules(),
});

const state = INITIAL();
let judged = PUBLISHED;

function rulesMoved() {
  return rulesText(state.rules) !== "";
}

// Rules as a short text: "average:median;B1:off;B3:value:-20;C1:median:towns:0.5;A:needs:3".
function rulesText(rules) {
  const parts = [];
  if (rules.average !== DATA.average) parts.push(`average:${rules.average}`);
  for (const key of [...rules.off].sort()) parts.push(`${key}:off`);
  for (const key of Object.keys(rules.lines).sort()) {
    const moved = rules.lines[key];
    if (moved.measure === "value") parts.push(`${key}:value:${moved.value}`);
    else parts.push(`${key}:${moved.measure ?? ""}:${moved.comparator ?? ""}:${moved.by ?? 0}`);
  }
  for (const letter of Object.keys(rules.needed).sort()) parts.push(`${letter}:needs:${rules.needed[letter]}`);
  return parts.join(";");
}

// The other way; whatever is not understood is left out, since a link may be cut or old.
function rulesFrom(text) {
  const rules = publishedRules();
  const keys = new Map(DATA.criteria.map((line) => [lineKey(line), line]));
  const numbered = new Set(DATA.criteria.map((line) => line.cluster + line.criterion));
  for (const part of (text ?? "").split(";").filter(Boolean)) {
    const [key, word, ...more] = part.split(":");
    if (key === "average") {
      if (word === "mean" || word === "median") rules.average = word;
    } else if (word === "off") {
      if (numbered.has(key)) rules.off.push(key);
    } else if (word === "needs") {
      const needed = Number(more[0]);
      if (CLUSTER.has(key) && Number.isInteger(needed) && needed >= 1 && needed <= 4) rules.needed[key] = needed;
    } else if (keys.has(key)) {
      const number = more.at(-1) === "" ? NaN : Number(more.at(-1));
      if (!Number.isFinite(number)) continue;
      if (word === "value") rules.lines[key] = { measure: "value", value: number };
      else {
        const moved = {};
        if (word === "mean" || word === "median") moved.measure = word;
        if (["towns", "nation", "region"].includes(more[0])) moved.comparator = more[0];
        if (number) moved.by = number;
        if (Object.keys(moved).length) rules.lines[key] = moved;
      }
    }
  }
  return rules;
}

// The state as the part of the address behind the #; what stands as at first is left out.
function fragment() {
  const first = INITIAL();
  const words = new URLSearchParams();
  if (state.town !== null) words.set("town", TOWNS.code[state.town]);
  for (const name of ["view", "picture", "colour", "region", "authority", "sort", "x", "y"]) {
    if (state[name] !== first[name]) words.set(name, state[name]);
  }
  for (const name of ["any", "full", "safe", "down"]) if (state[name]) words.set(name, "yes");
  if (state.page) words.set("page", state.page);
  if (state.has.length) words.set("has", state.has.join(""));
  if (state.compare.length) words.set("compare", state.compare.map((town) => TOWNS.code[town]).join("."));
  if (rulesMoved()) words.set("rules", rulesText(state.rules));
  return words.toString();
}

function restore(text) {
  const words = new URLSearchParams(text.replace(/^#/, ""));
  Object.assign(state, INITIAL());
  const take = (name, known) => {
    if (words.has(name) && known(words.get(name))) state[name] = words.get(name);
  };
  state.town = NUMBER_OF.get(words.get("town")) ?? null;
  take("view", (name) => name in VIEWS);
  take("picture", (name) => name === "land");
  take("colour", (name) => CLUSTER.has(name));
  take("region", (name) => REGIONS.includes(name));
  take("authority", (name) => AUTHORITIES.includes(name));
  take("sort", (name) => SORTS.has(name));
  take("x", (name) => INDICATOR.has(name));
  take("y", (name) => INDICATOR.has(name));
  for (const name of ["any", "full", "safe", "down"]) state[name] = words.get(name) === "yes";
  state.page = Math.max(0, parseInt(words.get("page"), 10) || 0);
  state.has = [...new Set(words.get("has") ?? "")].filter((letter) => CLUSTER.has(letter));
  const codes = (words.get("compare") ?? "").split(".");
  state.compare = [...new Set(codes.map((code) => NUMBER_OF.get(code)).filter((town) => town !== undefined))].slice(0, MOST_COMPARED);
  state.rules = rulesFrom(words.get("rules"));
  judged = rulesMoved() ? judge(state.rules) : PUBLISHED;
}

function choose(changes) {
  Object.assign(state, changes);
  if ("rules" in changes) judged = rulesMoved() ? judge(state.rules) : PUBLISHED;
  if (["region", "authority", "has", "any", "full", "safe", "sort", "down", "rules"].some((name) => name in changes)) state.page = changes.page ?? 0;
  history.replaceState(null, "", `#${fragment()}`);
  draw(new Set(Object.keys(changes)));
}

function onlySafe() {
  return state.safe && !rulesMoved();
}

// Whether the flag of a town is held in nearly all repeats of the index.
function safe(letter, town) {
  const found = DATA.firmness.clusters[letter];
  return found !== undefined && found.word[town] === DATA.firmness.words.indexOf("safe");
}

// Towns that the filters let through, in the order of their codes.
function chosen() {
  return EVERY.filter((town) => {
    if (state.region && TOWNS.region[town] !== state.region) return false;
    if (state.authority && TOWNS.authority[town] !== state.authority) return false;
    if (!state.has.length) return true;
    const has = (letter) => (state.full ? judged[letter].status[town] === "full" : held(judged, letter, town)) && (!onlySafe() || safe(letter, town));
    return state.any ? state.has.some(has) : state.has.every(has);
  });
}
