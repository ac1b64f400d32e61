// @xapi/xapi: any of its methods by name, with its one argument; contents of attachments come in base64.
"use strict";

const XAPI = require("@xapi/xapi");
const answerCalls = require("./calls");

const [endpoint, key, secret, version, adapter] = process.argv.slice(2);
const xapi = new XAPI({ endpoint, version, adapter, auth: XAPI.toBasicAuth(key, secret) });

answerCalls(async (name, given = {}) => {
  if (Array.isArray(given.attachments)) {
    given = { ...given, attachments: given.attachments.map((content) => new Blob([Buffer.from(content, "base64")])) };
  }
  try {
    const { status, headers, data } = await xapi[name](given);
    return { status, headers, data };
  } catch (error) {
    // One of its ways to send throws what axios throws, the other an error whose message is the body.
    const { status, data } = error.response || { data: JSON.parse(error.message) };
    return { status: status || data.status, data };
  }
});
