// "Why?": opens what stands behind a learner's progress and grade, fetched when it is asked for. First what is missing;
// of each node the sentence that says why, and the statements, each of which course.js opens.

const { search } = new URL(import.meta.url);
const { age, exact, percent } = await import(`./words.js${search}`);

const $ = (id) => document.getElementById(id);
const course = document.querySelector("main").dataset.course;
const part = (element, name) => element.querySelector(`[data-f="${name}"]`);
const copy = (template) => $(template).content.firstElementChild.cloneNode(true);

let asked = 0; // the answer to an older question is not shown

async function explanation(person, node) {
  let status;
  try {
    const answer = await fetch(`/api/courses/${course}/learners/${person}/nodes/${node}/explain`);
    if (answer.ok) return await answer.json();
    status = answer.status;
  } catch {
    throw new Error("The server cannot be reached at the moment.");
  }
  throw new Error(status === 404 ? "Nothing is known of this any more." : `The server answered ${status}.`);
}

function statementLine(one) {
  const line = copy("why-statement");
  const button = part(line, "statement");
  button.dataset.statement = one.statement_id;
  button.textContent = one.verb.split(/[/#]/).at(-1);
  const words = [
    one.completes ? "completes it" : "",
    one.score == null ? "" : percent(one.score),
    one.success == null ? "" : one.success ? "successful" : "not successful",
    one.progress == null ? "" : `${percent(one.progress)} done`,
  ];
  part(line, "result").textContent = words.filter(Boolean).map((word) => `${word} · `).join("");
  const time = part(line, "at");
  time.dateTime = one.at;
  time.textContent = age(one.at);
  time.title = exact(one.at);
  return line;
}

function show(entry, told) {
  part(entry, "sentence").textContent = `${told.sentence.charAt(0).toUpperCase()}${told.sentence.slice(1)}.`;
  part(entry, "statements").replaceChildren(...told.statements.map(statementLine));
  const hidden = [
    told.more ? `The first ${told.statements.length} statements.` : "",
    told.voided ? `${told.voided} more ${told.voided === 1 ? "was" : "were"} voided.` : "",
  ];
  part(entry, "note").textContent = hidden.filter(Boolean).join(" ");
}

function nodeEntry(person, one) {
  const entry = copy("why-node");
  entry.className = one.state;
  part(entry, "title").textContent = one.title;
  const words = [
    one.score == null ? "" : `grade ${percent(one.score)}`,
    one.missing ? "overdue" : "",
    one.excused ? "excused" : "",
    one.required ? `${percent(one.fraction)} done` : "not required",
  ];
  part(entry, "state").textContent = words.filter(Boolean).join(" · ");
  let fetched = false;
  entry.ontoggle = async () => {
    if (fetched || !entry.open) return;
    fetched = true;
    try {
      show(entry, await explanation(person, one.node));
    } catch (error) {
      fetched = false;
      part(entry, "sentence").textContent = error.message;
    }
  };
  return entry;
}

function courseEntry(told) {
  const entry = copy("why-node");
  part(entry, "title").textContent = "The course itself";
  part(entry, "state").textContent = told.verdict.state === "completed" ? "completed" : "";
  show(entry, told);
  return entry;
}

function summary(row) {
  const missing = row.required_nodes - row.completed_nodes;
  const passed = row.passed == null ? "" : row.passed ? ", passed" : ", not passed";
  const grade = row.grade_so_far == null ? "No grade yet" : `Grade so far ${percent(row.grade_so_far)}`;
  const least = row.grade_if_nothing_more == null ? "" : ` (${percent(row.grade_if_nothing_more)} if nothing more)`;
  return `${percent(row.progress)}: ${missing} of ${row.required_nodes} missing. ${grade}${least}${passed}.`;
}

// What is missing, what is done, and what does not count; in each the order of the answer.
const rank = (one) => (one.required ? (one.state === "completed" ? 1 : 0) : 2);

async function open(person, name) {
  const mine = ++asked;
  $("why-title").textContent = `Why? ${name}`;
  $("why-summary").textContent = "…";
  $("why-nodes").replaceChildren();
  $("why").showModal();
  try {
    const told = await explanation(person, course);
    if (mine !== asked) return;
    $("why-summary").textContent = summary(told.course_row);
    const nodes = [...told.course_row.nodes].sort((a, b) => rank(a) - rank(b));
    const entries = nodes.map((one) => nodeEntry(person, one));
    if (told.statements.length > 0) entries.unshift(courseEntry(told));
    $("why-nodes").replaceChildren(...entries);
    const first = nodes.findIndex((one) => rank(one) === 0);
    if (first >= 0) entries[entries.length - nodes.length + first].open = true;
  } catch (error) {
    if (mine === asked) $("why-summary").textContent = error.message;
  }
}

document.addEventListener("click", (event) => {
  const row = event.target.closest?.('[data-f="why"]')?.closest("tr");
  if (row) open(row.dataset.key, part(row, "name").textContent);
});
$("why-close").onclick = () => $("why").close();
