// Search by name in English or Welsh, by local authority, by code of a town or of an LSOA of 2011.

const MOST_FOUND = 12;

function plain(text) {
  return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/['’]/g, "").replace(/[^a-z0-9]+/g, " ").trim();
}

// The names of each town: in full, without what tells it from another, and in Welsh.
const NAMES = EVERY.map((town) => [TOWNS.name, TOWNS.short, TOWNS.welsh].map((names) => plain(names[town])).filter(Boolean));

// Towns in which an LSOA lies, by its code: the first with most of its residents.
const LSOAS = new Map();
DATA.lsoas.step.reduce((before, step, place) => {
  const town = DATA.lsoas.town[place];
  const code = `${place >= DATA.lsoas.wales ? "W" : "E"}01${String(before + step).padStart(6, "0")}`;
  if (!LSOAS.has(code)) LSOAS.set(code, []);
  LSOAS.get(code).push({ town, share: DATA.lsoas.share[place] });
  return before + step;
}, 0);

function foundLsoa(code) {
  return (LSOAS.get(code) ?? []).map(({ town, share }) => ({ town, why: share === 100 ? `all of ${code}` : `${share} % of the residents of ${code}` }));
}

// Places that fit what was typed: first the very name, then names that begin so, words that do, and any part; of
// places that fit alike the larger towns come first.
function found(typed) {
  const text = plain(typed);
  if (!text) return [];
  const code = typed.trim().toUpperCase();
  if (NUMBER_OF.has(code)) return [{ town: NUMBER_OF.get(code), why: code }];
  if (/^[EW]01\d{6}$/.test(code)) return foundLsoa(code);
  const rank = (name) => (name === text ? -1 : name.startsWith(text) ? 0 : ` ${name}`.includes(` ${text}`) ? 1 : text.length > 2 && name.includes(text) ? 2 : 9);
  const towns = EVERY.map((town) => ({ town, rank: Math.min(...NAMES[town].map(rank)) }));
  const authorities = AUTHORITIES.map((authority) => ({ authority, rank: rank(plain(authority)) + 0.5 }));
  return [...towns, ...authorities].filter((item) => item.rank < 9)
    .sort((one, other) => one.rank - other.rank || (TOWNS.residents[other.town] ?? 0) - (TOWNS.residents[one.town] ?? 0)).slice(0, MOST_FOUND);
}

function foundWords(item) {
  if (item.town === undefined) {
    const count = EVERY.filter((town) => TOWNS.authority[town] === item.authority).length;
    return [item.authority, `local authority, ${plural(count, "town")}`];
  }
  const welsh = TOWNS.welsh[item.town];
  const where = `${TOWNS.authority[item.town]}, ${TOWNS.region[item.town]}`;
  return [TOWNS.name[item.town], [welsh && welsh !== TOWNS.name[item.town] ? welsh : "", item.why ?? "", where].filter(Boolean).join(" · ")];
}

// A combobox by the pattern of the W3C: arrows move, Enter chooses, Escape closes.
function makeSearch(input, list, choose) {
  let items = [];
  let active = -1;
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    active = next;
    [...list.children].forEach((child, place) => child.setAttribute("aria-selected", String(place === active)));
    if (active >= 0) input.setAttribute("aria-activedescendant", list.children[active].id);
    list.children[active]?.scrollIntoView({ block: "nearest" });
  };
  const take = (item) => {
    close();
    input.value = "";
    choose(item);
  };
  const show = () => {
    items = found(input.value);
    list.replaceChildren(...items.map((item, place) => {
      const [name, where] = foundWords(item);
      return el("li", { id: `${list.id}-${place}`, role: "option", onmousedown: (event) => { event.preventDefault(); take(item); } },
        el("strong", null, name), ` ${where}`);
    }));
    list.hidden = !items.length;
    input.setAttribute("aria-expanded", String(items.length > 0));
    mark(items.length ? 0 : -1);
    const typed = input.value.trim();
    say(items.length ? `${plural(items.length, "place")} found, use the arrow keys` : typed ? `No town of the index fits “${typed}”.` : "");
  };
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && items.length) {
      event.preventDefault();
      if (list.hidden) show();
      else mark((active + moves[event.key] + items.length) % items.length);
    } else if (event.key === "Enter" && !list.hidden && items[active]) {
      event.preventDefault();
      take(items[active]);
    } else if (event.key === "Escape") close();
  });
}
