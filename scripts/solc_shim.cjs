// Standard-JSON door to the WebAssembly Solidity compiler of the npm package `solc`.
// py-solc-x (and ape through it) expects a program that answers `--version` and reads standard JSON on stdin;
// set-up writes build/solcx/solc-v<version>, a two-line program that ends here.
// Sources come inside the JSON: what an import names but the JSON lacks is an error, never a file read.
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require(path.join(__dirname, "..", "node_modules", "solc"));

if (process.argv.includes("--version")) {
  process.stdout.write("solc, the solidity compiler commandline interface\nVersion: " + solc.version() + "\n");
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  process.stderr.write("solc shim: only --version and --standard-json are served\n");
  process.exitCode = 1;
}
