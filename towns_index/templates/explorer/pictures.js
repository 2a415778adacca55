// What every picture shares: legends, the outline of a hexagon, and words for what colours mean.

const WIDE = 540; // kilometres of the map from west to east, and from south to north
const HIGH = 665;
const WEST = 130;
const PLACES_SIZE = { hexagon: 0, height: HIGH }; // of the cartogram

const COUNT_CLASSES = [[0, 1, "none or one"], [2, 3, "two or three"], [4, 5, "four or five"], [6, 14, "six or more"]];

// Where each town stands in each picture, in kilometres from the top left.
const PLACES = {
  land: EVERY.map((town) => [TOWNS.map[0][town] - WEST, HIGH - TOWNS.map[1][town]]),
  cartogram: (() => {
    const [x, y] = TOWNS.cartogram;
    const [left, top] = [Math.min(...x), Math.max(...y)];
    const size = Math.min((WIDE - 20) / (Math.max(...x) - left + 1), (HIGH - 10) / (top - Math.min(...y) + 1.2));
    PLACES_SIZE.hexagon = size;
    PLACES_SIZE.height = Math.ceil((top - Math.min(...y) + 1.2) * size + 10);
    return EVERY.map((town) => [(x[town] - left + 0.5) * size + 10, (top - y[town] + 0.6) * size + 5]);
  })(),
};

// A hexagon with its point up, a little smaller than its place so that neighbours stay apart.
function hexagon([x, y], width) {
  const radius = (width / Math.sqrt(3)) * 0.95;
  const points = [0, 1, 2, 3, 4, 5].map((corner) => {
    const angle = (Math.PI / 3) * corner + Math.PI / 2;
    return `${(x + radius * Math.cos(angle)).toFixed(1)},${(y + radius * Math.sin(angle)).toFixed(1)}`;
  });
  return points.join(" ");
}

// The class of a town in a picture, and what it means.
function shade(town) {
  if (state.colour === "count") {
    const count = numberHeld(judged, town);
    return `shade-${COUNT_CLASSES.findIndex(([low, high]) => count >= low && count <= high)}`;
  }
  return `status-${judged[state.colour].status[town]}`;
}

function shadeWords(town) {
  if (state.colour === "count") return `has ${plural(numberHeld(judged, town), "characteristic")}, in full or in part`;
  const cluster = judged[state.colour];
  if (cluster.status[town] === "not_assessed") return `${CLUSTER.get(state.colour).name}: not assessed`;
  const met = `${cluster.met[town]} of ${cluster.criteria.length} criteria met`;
  return `${CLUSTER.get(state.colour).name}: ${STATUS_WORDS[cluster.status[town]]}, ${met}`;
}

function legendItems() {
  if (state.colour === "count") return COUNT_CLASSES.map(([, , words], place) => [`shade-${place}`, words]);
  const present = STATUSES.filter((status) => judged[state.colour].status.includes(status));
  return present.map((status) => [`status-${status}`, STATUS_WORDS[status]]);
}

// A legend as a list: a patch, what it means, and how many of some towns it holds.
function legend(towns) {
  const counts = new Map();
  for (const town of towns) counts.set(shade(town), (counts.get(shade(town)) ?? 0) + 1);
  return el("ul", { class: "legend" }, legendItems().map(([name, words]) => el("li", null,
    svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, svg("polygon", { class: `place ${name}`, points: hexagon([8, 8], 15) })),
    ` ${words}: ${plural(counts.get(name) ?? 0, "town")}`)));
}

function colourChoice(id) {
  const options = [["count", "Number of characteristics"], ...REBUILT.map((cluster) => [cluster.cluster, `${cluster.cluster}  ${cluster.name}`])];
  return select(id, "Colour by", options, state.colour, (colour) => choose({ colour }));
}
