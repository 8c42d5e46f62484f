"use strict";
(() => {
  const ROWS_MIN = 9;

  // A row and those below it that belong to it: the kinds of request of a server, the counter-examples of an expectation.
  function groups(table) {
    const found = [];
    for (const row of table.tBodies[0].rows) {
      const belongs = row.classList.contains("part") || row.classList.contains("examples");
      if (belongs && found.length) found[found.length - 1].push(row);
      else found.push([row]);
    }
    return found.map((rows) => ({ rows, text: rows.map((row) => row.textContent).join(" ").toLowerCase() }));
  }

  function filtered(table) {
    const all = groups(table);
    if (all.length < ROWS_MIN) return;
    const label = document.createElement("label");
    label.className = "filter";
    const name = document.createElement("span");
    name.textContent = "Show only rows with";
    const input = document.createElement("input");
    input.type = "search";
    input.autocomplete = "off";
    input.setAttribute("aria-controls", table.id);
    const told = document.createElement("output");
    label.append(name, input, told);
    (table.closest(".scroll") || table).before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const group of all) {
        const matches = words.every((word) => group.text.includes(word));
        for (const row of group.rows) row.hidden = !matches;
        if (matches) shown += 1;
      }
      told.textContent = words.length ? `${shown} of ${all.length}` : "";
    });
  }

  document.querySelectorAll("table[data-filter]").forEach(filtered);
})();
