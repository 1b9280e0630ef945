// Asks the official parser whether an AsyncAPI document is valid: node valid.mjs FILE. Prints every complaint.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const INFORMATION = 2;
const told = await new Parser().validate(readFileSync(process.argv[2], "utf8"));
const complaints = told.filter((each) => each.severity < INFORMATION);
for (const each of complaints) console.log(`${each.path.join("/")}: ${each.message}`);
console.log(`${told.length - complaints.length} remarks, ${complaints.length} complaints`);
process.exitCode = complaints.length ? 1 : 0;
