// The compiler as a server: standard JSON in, one line each, standard JSON out. Loading it once saves seconds a compilation.
"use strict";
const path = require("path");
const readline = require("readline");
const solc = require(path.join(__dirname, "..", "..", "node_modules", "solc"));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(solc.compile(line) + "\n");
});
