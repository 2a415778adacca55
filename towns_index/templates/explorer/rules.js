// The rules: which towns meet which criteria, and what follows. The same as towns_index/clusters.py, which is tested.
//
// Truth has three values: true, false, and null for want of a value. A setting holds what a reader may move; what it
// leaves out stands as in the definitions.

// Kahan's sum, as pandas takes a mean: a rule may turn on the last digit.
function mean(values) {
  let total = 0;
  let lost = 0;
  for (const number of values) {
    const corrected = number - lost;
    const next = total + corrected;
    lost = next - total - corrected;
    total = next;
  }
  return values.length ? total / values.length : null;
}

function median(values) {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function applies(line, town) {
  return line.applies_to === "all" || TOWNS.nation[town] === line.applies_to;
}

// The average of the towns that each town is compared with; towns without a value do not count.
function averages(values, comparator, average) {
  const group = comparator === "nation" ? TOWNS.nation : comparator === "region" ? TOWNS.region : null;
  const known = new Map();
  values.forEach((number, town) => {
    if (number === null) return;
    const key = group ? group[town] : "all";
    if (!known.has(key)) known.set(key, []);
    known.get(key).push(number);
  });
  const limits = new Map();
  for (const [key, numbers] of known) limits.set(key, average === "median" ? median(numbers) : mean(numbers));
  return values.map((number, town) => limits.get(group ? group[town] : "all") ?? null);
}

const COMPARE = {
  above_mean: (number, limit) => number > limit,
  below_mean: (number, limit) => number < limit,
  at_least: (number, limit) => number >= limit,
  at_most: (number, limit) => number <= limit,
  yes: (number) => number === 1,
  no: (number) => number === 0,
};

// One line of the criteria for every town. `moved` may hold: measure (mean, median or value), comparator, by (added to
// the average) and value (an absolute threshold in the unit of the indicator).
function judgeLine(line, moved, average) {
  const values = EVERY.map((town) => (applies(line, town) ? value(line.indicator, town) : null));
  const relative = line.rule === "above_mean" || line.rule === "below_mean";
  let limits;
  if (line.rule === "yes" || line.rule === "no") {
    limits = EVERY.map(() => (line.rule === "yes" ? 1 : 0));
  } else if (moved.measure === "value" || (!relative && moved.measure === undefined)) {
    const fixed = moved.value ?? line.threshold;
    limits = EVERY.map(() => (fixed === undefined ? null : Number(fixed)));
  } else {
    const comparator = moved.comparator ?? (line.comparator === "absolute" ? "towns" : line.comparator);
    limits = averages(values, comparator, moved.measure ?? average);
    if (moved.by) limits = limits.map((limit) => (limit === null ? null : limit + moved.by));
  }
  const test = COMPARE[line.rule];
  const met = values.map((number, town) => (number === null || limits[town] === null ? null : test(number, limits[town])));
  return { values, limits: limits.map((limit, town) => (values[town] === null ? null : limit)), met };
}

// Parts of one criterion joined: `all` is false once any part is false, `any` true once any part is true.
function joined(lines, parts) {
  const own = EVERY.map((town) => lines.findIndex((line) => applies(line, town)));
  const alone = EVERY.every((town) => lines.filter((line) => applies(line, town)).length <= 1);
  if (alone) {
    const pick = (name) => EVERY.map((town) => parts[Math.max(own[town], 0)][name][town]);
    return { values: pick("values"), limits: pick("limits"), met: pick("met") };
  }
  const all = lines[0].combine === "all";
  const met = EVERY.map((town) => {
    const truths = parts.map((part) => part.met[town]);
    if (truths.includes(!all)) return !all;
    return truths.includes(null) ? null : all;
  });
  const complete = EVERY.map((town) => parts.every((part) => part.met[town] !== null));
  return {
    values: EVERY.map((town) => (complete[town] ? parts.filter((part) => part.met[town]).length : null)),
    limits: EVERY.map(() => (all ? parts.length : 1)),
    met,
  };
}

// The lines of each criterion, by cluster: [[cluster, [{criterion, lines}]]].
const CRITERIA = new Map(CLUSTERS.map((cluster) => {
  const lines = DATA.criteria.filter((line) => line.cluster === cluster.cluster);
  const numbers = [...new Set(lines.map((line) => line.criterion))].sort();
  return [cluster.cluster, numbers.map((criterion) => ({ criterion, lines: lines.filter((line) => line.criterion === criterion) }))];
}));

function lineKey(line) {
  return `${line.cluster}${line.criterion}${line.part ?? ""}`;
}

function statusOf(met, needed) {
  if (met >= needed) return "full";
  return needed > 1 && met >= needed - 1 ? "partial" : "none"; // with one criterion needed there is no "all but one"
}

// Judgements are kept as long as the rule is the same: moving one threshold judges one line again.
const judgedLines = new Map();

function lineJudged(line, moved, average) {
  const key = JSON.stringify([lineKey(line), moved, average]);
  if (!judgedLines.has(key)) {
    if (judgedLines.size > 400) judgedLines.clear();
    judgedLines.set(key, judgeLine(line, moved, average));
  }
  return judgedLines.get(key);
}

// One cluster under some rules ({average, lines: {A1: moved}, off: [A1], needed: {A: 3}}).
function judgeCluster(cluster, rules) {
  const on = CRITERIA.get(cluster.cluster).filter((item) => !rules.off.includes(cluster.cluster + item.criterion));
  const judged = on.map((item) => {
    const parts = item.lines.map((line) => lineJudged(line, rules.lines[lineKey(line)] ?? {}, rules.average));
    return { ...item, ...(parts.length > 1 ? joined(item.lines, parts) : parts[0]) };
  });
  const needed = Math.min(rules.needed[cluster.cluster] ?? cluster.required, Math.max(on.length, 1));
  const fewest = Math.min(DATA.fewest, Math.max(on.length, 1));
  const gates = judged.filter((item) => item.lines.some((line) => line.gate === "yes"));
  const result = { criteria: judged, needed, met: [], assessed: [], status: [], could: [] };
  for (const town of EVERY) {
    const truths = judged.map((item) => item.met[town]);
    const met = truths.filter((truth) => truth === true).length;
    const assessed = truths.filter((truth) => truth !== null).length;
    let status = statusOf(met, needed);
    let could = statusOf(met + on.length - assessed, needed);
    if (assessed < fewest || cluster.rebuilt === "no") status = "not_assessed";
    if (gates.some((gate) => gate.met[town] === null)) status = "not_assessed";
    if (gates.some((gate) => gate.met[town] === false)) status = could = "none";
    result.met.push(met);
    result.assessed.push(assessed);
    result.status.push(status);
    result.could.push(could);
  }
  return result;
}

// Every cluster: {A: {criteria, needed, met, assessed, status, could}}.
function judge(rules) {
  return Object.fromEntries(CLUSTERS.map((cluster) => [cluster.cluster, judgeCluster(cluster, rules)]));
}

function publishedRules() {
  return { average: DATA.average, lines: {}, off: [], needed: {} };
}

const PUBLISHED = judge(publishedRules());

function held(judged, letter, town) {
  const status = judged[letter].status[town];
  return status === "full" || status === "partial";
}

function numberHeld(judged, town) {
  return CLUSTERS.reduce((count, cluster) => count + held(judged, cluster.cluster, town), 0);
}
