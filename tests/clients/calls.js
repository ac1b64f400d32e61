// Lets a test make calls here: a line of JSON in, [name, ...arguments]; a line of JSON out, {answer} or {error}.
"use strict";

const readline = require("node:readline");

module.exports = async function answerCalls(make) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let said;
    try {
      said = { answer: await make(...JSON.parse(line)) };
    } catch (error) {
      said = { error: error.stack || String(error) };
    }
    process.stdout.write(JSON.stringify(said) + "\n");
  }
};
