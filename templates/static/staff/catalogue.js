// Puts a list in order: rows are dragged, or moved by their buttons. The form sends them as they stand.

for (const list of document.querySelectorAll("[data-order]")) {
  const said = list.parentElement.querySelector("[data-moved]");
  let dragged = null;

  const tell = (row) => {
    const rows = [...list.children];
    const name = row.querySelector(".studio-order-name").firstChild.textContent.trim();
    said.textContent = `${name} is number ${rows.indexOf(row) + 1} of ${rows.length}, not saved yet.`;
  };

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=move]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("li");
    const up = button.value.endsWith(":up");
    const other = up ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (up) other.before(row);
    else other.after(row);
    button.focus();
    tell(row);
  });

  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    event.dataTransfer.effectAllowed = "move";
    dragged.classList.add("dragged");
  });
  list.addEventListener("dragover", (event) => {
    const row = event.target.closest("li");
    if (!dragged || !row) return;
    event.preventDefault();
    if (row === dragged) return;
    const box = row.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) row.before(dragged);
    else row.after(dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    dragged.classList.remove("dragged");
    tell(dragged);
    dragged = null;
  });
}
