// Follows one course from a position on. Whatever might have been missed is fetched: a page is behind, and says so, until
// it has been. See lrs/api/live.py for the events.

const SILENCE = 40_000; // ms: the server speaks every 15 s, so a quieter line is dead
const LONGEST_WAIT = 30_000; // ms

// page: update(change), nodes(outline), whole(view), state(name, words)
export function follow(address, from, page) {
  let position = from;
  let outlined = from; // up to where the outline holds
  let source = null;
  let heard = 0;
  let failures = 0;
  let timer = 0;
  let fetching = false;
  let behind = false; // something may be missing until the whole course has been fetched
  let enough = 0; // the position that a fetched course must have reached
  let waiting = []; // changes that arrive meanwhile
  let late = false; // changes are looked for, not told

  const current = () => (late ? page.state("late", "Delayed") : page.state("live", "Live"));

  function connect() {
    clearTimeout(timer);
    source?.close();
    heard = Date.now();
    source = new EventSource(`${address}/live?after=${position}&outlined=${outlined}`);
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        heard = Date.now();
        act(JSON.parse(event.data));
      });
    on("snapshot", (told) => {
      failures = 0;
      if (told.position > position) refresh(told.position);
      late = false; // each stream says anew when it is
      if (!behind) current();
    });
    on("delayed", (told) => {
      late = told.delayed;
      if (!behind) current();
    });
    on("change", take);
    on("outline", take);
    on("reset", (told) => refresh(told.position));
    on("alive", (told) => {
      if (!behind) position = Math.max(position, told.position);
    });
    source.onerror = () => {
      page.state("trying", "Reconnecting…");
      // A browser tries again by itself after a broken line, but not after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) later();
    };
  }

  function take(change) {
    if (behind) waiting.push(change);
    else if (!change.summary) {
      if (change.position >= outlined) page.nodes(change.outline);
      outlined = Math.max(outlined, change.position);
    } else if (change.after > position) refresh(change.position);
    else if (change.position > position) {
      position = change.position;
      if (change.outline) outlined = position;
      page.update(change);
    }
  }

  function later() {
    clearTimeout(timer);
    failures += 1;
    timer = setTimeout(refresh, Math.min(LONGEST_WAIT, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  }

  // The roster of a large course comes in pages. None is older than the view, and what moves meanwhile is told by changes.
  async function whole(view) {
    const headers = { "X-LRS-Read-After": String(view.position) };
    const roster = [];
    for (let more = view.more; more; ) {
      const answer = await fetch(more, { cache: "no-store", headers, signal: AbortSignal.timeout(20_000) });
      if (!answer.ok) return null;
      const page = await answer.json();
      roster.push(...page.learners);
      more = page.more;
    }
    return view.more ? { ...view, roster } : view;
  }

  async function refresh(until = enough) {
    enough = Math.max(enough, until);
    behind = true;
    if (fetching) return;
    fetching = true;
    for (const change of waiting) enough = Math.max(enough, change.position);
    waiting = []; // what came before this request is in its answer
    let status = 0;
    let view = null;
    try {
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(20_000) });
      status = answer.status;
      if (answer.ok) view = await whole(await answer.json());
    } catch {
      status = 0;
    }
    fetching = false;
    if (status === 401 || status === 404) {
      source.close();
      page.state("out", status === 401 ? "Signed out: reload the page" : "This course is gone");
    } else if (view === null || view.position < enough) {
      page.state("trying", "Reconnecting…");
      later();
    } else {
      position = outlined = view.position;
      enough = 0;
      behind = false;
      page.whole(view);
      for (const change of waiting.splice(0)) take(change);
      if (source.readyState === EventSource.CLOSED) connect();
      else if (source.readyState === EventSource.OPEN) current();
    }
  }

  setInterval(() => {
    if (source.readyState !== EventSource.CLOSED && Date.now() - heard > SILENCE) {
      page.state("trying", "Reconnecting…");
      connect();
    }
  }, SILENCE / 4);
  addEventListener("online", connect);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && connect());
  connect();
  return { refresh: () => refresh() };
}
