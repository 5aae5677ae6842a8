// Shows /openapi.json. Text only ever becomes text: nothing here makes markup out of strings.
"use strict";

const words = {
  en: { parameters: "Parameters", body: "Body", answer: "Answer", example: "Example", required: "required", search: "Search", schemas: "Schemas", key: "Needs an Idempotency-Key", open: "Needs no credential", failed: "The description cannot be loaded" },
  zh: { parameters: "参数", body: "正文", answer: "应答", example: "示例", required: "必填", search: "搜索", schemas: "模式", key: "需要 Idempotency-Key", open: "无需凭证", failed: "无法加载接口描述" },
};
let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
let description = null;

function make(name, text, ...children) {
  const element = document.createElement(name);
  if (text !== null && text !== undefined) element.textContent = text;
  for (const child of children) if (child) element.append(child);
  return element;
}

function said(object, name) {
  return (language === "zh" && object["x-" + name + "-zh"]) || object[name] || "";
}

function kind(schema) {
  if (schema === true || !schema) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const branches = schema.anyOf || schema.oneOf;
  if (branches) return branches.map(kind).join(" | ");
  if (schema.type === "array") return kind(schema.items) + "[]";
  return [].concat(schema.type || "object").join(" | ");
}

function table(rows) {
  const body = make("tbody");
  for (const row of rows) body.append(make("tr", null, ...row.map((cell) => make("td", cell))));
  return make("table", null, body);
}

function schemaRows(schema) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, field]) => [name, kind(field), required.has(name) ? words[language].required : "", field.description || ""]);
}

function pretty(value) {
  return make("pre", JSON.stringify(value, null, 2));
}

function operation(verb, path, item) {
  const head = make("summary", null, make("code", verb.toUpperCase()), make("code", " " + path), make("span", " — " + said(item, "summary")));
  head.firstChild.className = "verb";
  const box = make("details", null, head, make("p", said(item, "description")), make("p", item.operationId));
  if ((item.security || []).length === 0) box.append(make("p", words[language].open));
  if ((item.parameters || []).some((parameter) => parameter.name === "Idempotency-Key" && parameter.required)) box.append(make("p", words[language].key));
  if (item.parameters && item.parameters.length) {
    box.append(make("h3", words[language].parameters));
    box.append(table(item.parameters.map((parameter) => [parameter.name, parameter.in, kind(parameter.schema), parameter.required ? words[language].required : "", parameter.schema.description || ""])));
  }
  const body = item.requestBody && item.requestBody.content["application/json"];
  if (body) {
    const name = kind(body.schema);
    box.append(make("h3", words[language].body + ": " + name), table(schemaRows(description.components.schemas[name] || {})), pretty(body.example));
  }
  for (const [status, response] of Object.entries(item.responses)) {
    const content = response.content && Object.values(response.content)[0];
    if (!content) continue;
    box.append(make("h3", words[language].answer + " " + status + ": " + kind(content["x-event-schema"] || content.schema)));
    box.append(pretty(content["x-event-example"] || content.example));
  }
  return box;
}

function show() {
  document.documentElement.lang = language;
  for (const one of ["en", "zh"]) document.getElementById(one).setAttribute("aria-pressed", String(one === language));
  const search = document.getElementById("search");
  search.placeholder = words[language].search;
  document.getElementById("title").textContent = said(description.info, "title");
  document.getElementById("description").textContent = said(description.info, "description");
  const wanted = search.value.toLowerCase();
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [verb, one] of Object.entries(item)) {
      if (!(verb + " " + path + " " + one.operationId + " " + said(one, "summary")).toLowerCase().includes(wanted)) continue;
      if (!groups.has(one.tags[0])) groups.set(one.tags[0], []);
      groups.get(one.tags[0]).push(operation(verb, path, one));
    }
  }
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const [tag, boxes] of groups) main.append(make("h2", tag), ...boxes);
  main.append(make("h2", words[language].schemas));
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    if (name.toLowerCase().includes(wanted)) main.append(make("details", null, make("summary", name), make("p", schema.description || ""), table(schemaRows(schema)), pretty(schema)));
  }
}

for (const one of ["en", "zh"]) document.getElementById(one).addEventListener("click", () => { language = one; show(); });
document.getElementById("search").addEventListener("input", show);
fetch("/openapi.json").then((answer) => answer.json()).then((read) => { description = read; show(); })
  .catch(() => { document.getElementById("description").textContent = words[language].failed; });
