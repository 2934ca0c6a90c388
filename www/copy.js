// Adds a copy button to each block of code. The pages read the same without it.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${block.dataset.label}`);
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await navigator.clipboard.writeText(block.querySelector("code").textContent.trim() + "\n");
      } catch {
        said = "Not allowed";
      }
      button.textContent = said;
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
    block.append(button);
  }
}
