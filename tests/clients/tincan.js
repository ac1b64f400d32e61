// TinCanJS: what its record store answers to a callback, with its own classes turned into plain objects.
"use strict";

const TinCan = require("tincanjs");
const answerCalls = require("./calls");

const [endpoint, username, password] = process.argv.slice(2);
const lrs = new TinCan.LRS({ endpoint, username, password, allowFail: false });
const tincan = new TinCan({ recordStores: [lrs] });

const classes = { agent: TinCan.Agent, activity: TinCan.Activity, verb: TinCan.Verb };

function revived(given) {
  const revive = ([name, value]) => [name, classes[name] ? new classes[name](value) : value];
  return Object.fromEntries(Object.entries(given || {}).map(revive));
}

function statement(json) {
  const made = new TinCan.Statement(json);
  (json.attachments || []).forEach(({ content }, place) => {
    made.attachments[place].setContent(new Uint8Array(Buffer.from(content, "base64")).buffer);
  });
  return made;
}

function shown(result) {
  if (result === null || Array.isArray(result)) return result;
  if (result instanceof TinCan.Statement) {
    return { ...result.asVersion(lrs.version), stored: result.stored, contents: contents(result) };
  }
  if (result instanceof TinCan.StatementsResult) {
    return { statements: result.statements.map(shown), more: result.more };
  }
  if (result.readyState !== undefined) {
    return { status: result.status, text: result.responseType ? null : result.responseText };
  }
  const { id, contents: content, contentType, etag, version } = result;
  return { id, contents: content, contentType, etag, version };
}

function contents({ attachments }) {
  const there = (attachments || []).filter(({ content }) => content);
  return there.map(({ content }) => Buffer.from(content).toString("base64"));
}

function ask(method, ...given) {
  return new Promise((resolve) => {
    const last = given.pop();
    const params = last.params && revived(last.params);
    const callback = (error, result) => resolve({ error, result: shown(result) });
    lrs[method](...given, { ...revived(last), ...(params && { params }), callback });
  });
}

const own = {
  saveStatement: (json) => ask("saveStatement", statement(json), {}),
  saveStatements: (list) => ask("saveStatements", list.map(statement), {}),
  sha1: (text) => TinCan.Utils.getSHA1String(text),
  voidStatement: (id, actor) =>
    new Promise((resolve) => {
      const done = ([{ err, xhr }], voiding) => resolve({ error: err, result: shown(xhr), id: voiding.id });
      tincan.voidStatement(id, done, { actor: new TinCan.Agent(actor) });
    }),
};

answerCalls((name, ...given) => (own[name] ? own[name](...given) : ask(name, ...given)));
