// Keeps the page of one course as the server says it is. The page is complete when it arrives; from its position on the
// stream tells what moves.

// The other modules under the version that this one was asked for, so that a cache never mixes two.
const { search } = new URL(import.meta.url);
const { age, capital, exact, identifier, percent, zone } = await import(`./words.js${search}`);
const { follow } = await import(`./stream.js${search}`);

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const address = `/api/courses/${main.dataset.course}`;
const ROWS = Number(main.dataset.rows);
const FLASH = 1600; // ms
const AGEING = 30_000; // ms between two looks at "5 minutes ago"
const REWORD = 3_600_000; // ms: reasons such as "for 9 days" are as of the last fetch

let view = JSON.parse($("view").textContent);
const byPerson = (lines) => new Map(lines.map((one) => [one.person, one]));
let roster = byPerson(view.roster);
let whole = main.dataset.whole === "true"; // otherwise it is the beginning of a large course, and the rest follows

/* ---- filling in ---- */

const part = (element, name) => element.querySelector(`[data-f="${name}"]`);

function write(element, name, words) {
  const found = part(element, name);
  if (found.textContent !== words) found.textContent = words;
}

function writeTime(element, name, instant, otherwise = "") {
  const time = part(element, name);
  time.dateTime = instant ?? "";
  time.textContent = instant ? age(instant) : otherwise;
  time.title = instant ? exact(instant) : "";
}

function fillLearner(row, one) {
  row.className = one.status;
  write(row, "name", one.name);
  write(row, "ifi", identifier(one.ifi));
  part(row, "ifi").title = one.ifi;
  write(row, "status", capital(one.status));
  row.querySelector("progress").value = one.progress;
  write(row, "progress", percent(one.progress));
  write(row, "nodes", `${one.completed_nodes} of ${one.required_nodes} done`);
  write(row, "grade", percent(one.grade_so_far));
  write(row, "verdict", one.passed == null ? "" : one.passed ? "passed" : "not passed");
  write(row, "least", percent(one.grade_if_nothing_more));
  writeTime(row, "last", one.last_activity_at, "not yet");
  const chip = part(row, "risk");
  chip.className = `chip ${one.risk?.level ?? ""}`;
  chip.textContent = one.risk ? (one.risk.level === "high" ? "High" : "Warning") : "";
  write(row, "reason", one.risk?.reason ?? "");
  const proof = part(row, "evidence");
  proof.hidden = !one.risk;
  proof.dataset.statement = one.risk?.evidence ?? "";
}

function fillNode(item, one) {
  item.className = one.kind;
  item.dataset.depth = Math.min(one.depth, 4);
  write(item, "title", one.title);
  write(item, "counts", one.required ? `${one.completed} of ${view.summary.enrolled}` : "");
  const bar = item.querySelector("progress");
  bar.hidden = !one.required;
  bar.max = Math.max(view.summary.enrolled, 1);
  bar.value = one.completed;
  item.title = one.required ? `${one.completed} completed, ${one.started - one.completed} on the way` : "";
}

function fillEvent(item, one) {
  write(item, "name", one.name ?? "A group");
  write(item, "verb", one.verb);
  write(item, "title", one.title);
  const result = one.score == null ? "" : `${percent(one.score)} · `;
  write(item, "result", result + (one.success == null ? "" : one.success ? "successful · " : "not successful · "));
  writeTime(item, "at", one.at);
  part(item, "evidence").dataset.statement = one.statement_id;
}

const shown = new WeakMap(); // element -> what it was filled with

function arrange(parent, template, items, keyOf, fill, flash) {
  const old = new Map(Array.from(parent.children, (element) => [element.dataset.key, element]));
  let place = parent.firstElementChild;
  for (const one of items) {
    const key = keyOf(one);
    let element = old.get(key);
    const known = element !== undefined;
    if (!known) {
      element = template.content.firstElementChild.cloneNode(true);
      element.dataset.key = key;
    }
    old.delete(key);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    if (shown.get(element) !== one) fill(element, one);
    shown.set(element, one);
    if (flash(one, known)) light(element);
  }
  for (const element of old.values()) element.remove();
}

function light(element) {
  element.classList.add("moved");
  setTimeout(() => element.classList.remove("moved"), FLASH);
}

/* ---- the roster: which lines, in which order ---- */

const names = new Intl.Collator("en", { sensitivity: "base", numeric: true });
const LEVELS = { high: 2, warn: 1 };
const KEYS = {
  name: null,
  progress: (one) => one.progress,
  grade: (one) => one.grade_so_far ?? -1,
  least: (one) => one.grade_if_nothing_more ?? -1,
  last: (one) => (one.last_activity_at ? Date.parse(one.last_activity_at) : 0),
  risk: (one) => LEVELS[one.risk?.level] ?? 0,
};
const FILTERS = {
  all: () => true,
  risk: (one) => one.risk !== null,
  active: (one) => one.status === "active",
  completed: (one) => one.status === "completed",
  withdrawn: (one) => one.status === "withdrawn",
};
let order = { by: "risk", down: true };
let filter = "all";
let wanted = "";

function chosen() {
  const found = [];
  for (const one of roster.values()) {
    if (FILTERS[filter](one) && (wanted === "" || `${one.name} ${one.ifi}`.toLowerCase().includes(wanted))) found.push(one);
  }
  const key = KEYS[order.by];
  const sign = order.down ? -1 : 1;
  return found.sort(
    (a, b) =>
      (a.status === "withdrawn") - (b.status === "withdrawn") ||
      (key ? sign * (key(a) - key(b)) : sign * names.compare(a.name, b.name)) ||
      names.compare(a.name, b.name) ||
      (a.person < b.person ? -1 : 1),
  );
}

function showRoster(moved) {
  const all = chosen();
  const some = all.slice(0, ROWS);
  arrange($("roster"), $("learner"), some, (one) => one.person, fillLearner, (one) => moved?.has(one.person));
  const learners = whole ? roster.size : view.summary.enrolled + view.summary.withdrawn;
  const narrowed = all.length < learners;
  let note = narrowed ? `${all.length} of ${learners} learners.` : "";
  if (all.length > ROWS) note = `The first ${ROWS} of ${all.length} learners; the filters look through all of them.`;
  if (all.length === 0) note = roster.size ? "No learner matches." : "No learners yet.";
  $("shown").textContent = note;
}

/* ---- the rest of the page ---- */

function showTile(name, value, note, alarm = false) {
  const tile = document.querySelector(`[data-tile="${name}"]`);
  const changed = part(tile, "value").textContent !== String(value);
  write(tile, "value", String(value));
  write(tile, "note", note);
  tile.classList.toggle("alarm", alarm);
  return changed ? tile : null;
}

function showSummary(flash) {
  const s = view.summary;
  const changed = [
    showTile("enrolled", s.enrolled, s.withdrawn ? `${s.withdrawn} withdrawn` : ""),
    showTile("active", s.active, `of ${s.enrolled}`),
    showTile("completed", s.completed, `of ${s.enrolled}`),
    showTile("at_risk", s.at_risk, `of ${s.active} active`, s.at_risk > 0),
    showTile("mean_progress", percent(s.mean_progress), ""),
    showTile("mean_grade", percent(s.mean_grade), "so far"),
  ].filter(Boolean);
  if (flash) changed.forEach(light);
  say(`${s.completed} of ${s.enrolled} completed, ${s.at_risk} at risk.`);
}

function showOutline() {
  const nodes = view.outline.filter((one) => one.required || one.kind === "module");
  if (whole) arrange($("outline"), $("node"), nodes, (one) => one.id, fillNode, () => false);
}

function showAll(moved) {
  showSummary(moved !== undefined);
  showRoster(moved);
  showOutline();
  arrange($("recent"), $("event"), view.recent, (one) => one.statement_id, fillEvent, (_, known) => moved && !known);
  $("position").textContent = view.position;
  main.dataset.position = view.position;
}

let said = "";
let saying = 0;

// For a screen reader: the sums, when they change, and not more often than a listener can bear.
function say(words) {
  if (words === said) return;
  const first = said === "";
  said = words;
  clearTimeout(saying);
  if (!first) saying = setTimeout(() => ($("said").textContent = said), 5000);
}

/* ---- what the stream tells ---- */

const page = {
  update(change) {
    const { position, summary, recent } = change;
    // Each node says "3 of 40": a new number of learners makes every node new.
    const outline = change.outline ?? view.outline.map((one) => ({ ...one }));
    view = { ...view, position, summary, recent, outline };
    for (const person of change.removed) roster.delete(person);
    for (const one of change.roster) roster.set(one.person, one);
    showAll(new Set(change.roster.map((one) => one.person)));
  },
  nodes(outline) {
    view = { ...view, outline };
    showOutline();
  },
  whole(fetched) {
    view = fetched;
    whole = true;
    roster = byPerson(view.roster);
    part(document, "course").textContent = view.course.title;
    showAll();
  },
  state(name, words) {
    $("link").dataset.state = name;
    if ($("link-words").textContent !== words) $("link-words").textContent = words;
  },
};

/* ---- what a reader can do ---- */

function sortBy(by, down) {
  order = { by, down };
  for (const head of document.querySelectorAll("[data-sort]")) {
    if (head.dataset.sort === by) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  $("sorter").value = by;
  showRoster();
}

for (const head of document.querySelectorAll("[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  const by = head.dataset.sort;
  button.onclick = () => sortBy(by, order.by === by ? !order.down : by === "risk" || by === "last");
}
$("sorter").onchange = (event) => sortBy(event.target.value, ["risk", "last"].includes(event.target.value));

for (const button of document.querySelectorAll("[data-filter]")) {
  button.onclick = () => {
    filter = button.dataset.filter;
    for (const each of document.querySelectorAll("[data-filter]")) each.setAttribute("aria-pressed", each === button);
    showRoster();
  };
}
$("search").oninput = (event) => {
  wanted = event.target.value.trim().toLowerCase();
  showRoster();
};

document.addEventListener("click", async (event) => {
  const id = event.target.closest?.("[data-statement]")?.dataset.statement;
  if (!id) return;
  $("proof-title").textContent = `Statement ${id}`;
  $("proof-text").textContent = "…";
  $("proof").showModal();
  try {
    const headers = { "X-Experience-API-Version": "1.0.3" };
    const answer = await fetch(`/xapi/statements?statementId=${id}`, { headers });
    const known = answer.headers.get("content-type")?.includes("json");
    const words = known ? JSON.stringify(await answer.json(), null, 2) : `The server answered ${answer.status}.`;
    $("proof-text").textContent = words;
  } catch {
    $("proof-text").textContent = "The server cannot be reached at the moment.";
  }
});
$("proof-close").onclick = () => $("proof").close();

document.documentElement.classList.add("scripted");
$("tools").hidden = false;
$("zone").textContent = `Times are those of your place (${zone}).`;
showAll();
const stream = follow(address, view.position, page);
if (!whole) stream.refresh();

setInterval(() => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    if (time.dateTime) time.textContent = age(time.dateTime);
  }
}, AGEING);
setInterval(() => view.summary.at_risk > 0 && stream.refresh(), REWORD);
