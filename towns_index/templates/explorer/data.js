// The data of the page, and what everything else looks up in them.

const DATA = JSON.parse(document.getElementById("data").textContent);
const TOWNS = DATA.towns;
const COUNT = TOWNS.code.length;
const EVERY = Array.from({ length: COUNT }, (_, town) => town);
const NUMBER_OF = new Map(TOWNS.code.map((code, town) => [code, town]));
const CLUSTERS = DATA.clusters;
const REBUILT = CLUSTERS.filter((cluster) => cluster.rebuilt !== "no");
const CLUSTER = new Map(CLUSTERS.map((cluster) => [cluster.cluster, cluster]));
const INDICATOR = new Map(DATA.indicators.map((indicator) => [indicator.id, indicator]));
const REGIONS = [...new Set(TOWNS.region)].sort();
const AUTHORITIES = [...new Set(TOWNS.authority)].sort();

const STATUSES = ["full", "partial", "none", "not_assessed"];
const STATUS_WORDS = { full: "in full", partial: "in part", none: "not", not_assessed: "not assessed" };

// Values that only a whole authority, county or constituency has: its towns share them.
const SHARED = new Set(["LA", "county", "constituency", "ward"]);
const SHARED_WORDS = { LA: "local authority", county: "county", constituency: "constituency", ward: "ward" };

function value(indicator, town) {
  const column = DATA.values[indicator];
  return column ? column[town] : null;
}

// A number as a reader should see it: enough digits to tell towns apart, a true minus sign.
function said(number, unit = "") {
  if (number === null || number === undefined || Number.isNaN(number)) return "not known";
  const size = Math.abs(number);
  const digits = Number.isInteger(number) || size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = number.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  if (unit === "%") return `${text}\u00a0%`;
  if (unit.startsWith("£")) return `£${text}`;
  return text;
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

function listed(items, last = "and") {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} ${last} ${items[items.length - 1]}`;
}
