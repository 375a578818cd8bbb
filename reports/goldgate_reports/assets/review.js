"use strict";
(() => {
  const form = document.querySelector("form");
  const questions = [...document.querySelectorAll("article")];
  const name = form.dataset.task;
  const slot = `goldgate review ${name}`;
  const columns = ["key", "kind", "split", "id", "decision", "new_output", "note"];

  const field = (question, part) => question.querySelector(`[data-part="${part}"]`);
  const decided = (question) => question.querySelector("input:checked")?.value ?? "";
  const needsOutput = (question) => ["change", "accept"].includes(decided(question));
  const isComplete = (question) =>
    decided(question) !== "" && (!needsOutput(question) || field(question, "new_output").value.trim() !== "");

  const read = (question) => ({
    decision: decided(question),
    new_output: needsOutput(question) ? field(question, "new_output").value : "",
    note: field(question, "note").value,
  });

  // What is stored lasts until the browser forgets it; without a store, as in a private window, the page works too.
  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem(slot) ?? "{}");
    } catch {
      return {};
    }
  };
  const store = (all) => {
    try {
      localStorage.setItem(slot, JSON.stringify(all));
    } catch {
      document.querySelector("#kept").textContent = "This browser keeps nothing: save before you close the page.";
    }
  };

  const show = () => {
    const done = questions.filter(isComplete).length;
    const open = questions.filter((q) => decided(q) !== "" && !isComplete(q)).length;
    document.querySelector("#progress").textContent =
      `${done} of ${questions.length} decided` + (open ? `, ${open} without a new output` : "");
    document.querySelector("#save").disabled = done === 0 || open > 0;
    for (const question of questions) question.classList.toggle("decided", isComplete(question));
  };

  const before = stored();
  for (const question of questions) {
    const kept = before[question.id];
    if (!kept) continue;
    const choice = question.querySelector(`input[value="${CSS.escape(kept.decision)}"]`);
    if (choice) choice.checked = true;
    if (kept.new_output) field(question, "new_output").value = kept.new_output;
    field(question, "note").value = kept.note;
  }
  show();

  form.addEventListener("input", () => {
    store(Object.fromEntries(questions.filter((q) => decided(q) !== "").map((q) => [q.id, read(q)])));
    show();
  });

  // A spreadsheet would take what begins so for a formula; goldgate drops the blank.
  const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? " " + text : text).replaceAll('"', '""')}"`;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const rows = questions.filter(isComplete).map((question) => {
      const row = { key: question.id, ...question.dataset, ...read(question) };
      return columns.map((column) => cell(row[column] ?? "")).join(",");
    });
    const text = "\ufeff" + [columns.join(","), ...rows].join("\r\n") + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${name}-decisions.csv`;
    link.click();
    document.querySelector("#next").hidden = false;
  });
})();
