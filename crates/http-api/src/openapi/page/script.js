const filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  const word = filter.value.trim().toLowerCase();
  for (const link of document.querySelectorAll("nav .to")) {
    const section = document.getElementById(link.getAttribute("href").slice(1));
    const shown = !word || section.textContent.toLowerCase().includes(word);
    link.hidden = !shown;
    section.hidden = !shown;
  }
});
for (const button of document.querySelectorAll(".try button")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
