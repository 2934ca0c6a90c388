// Says who is logged in, or that accounts are off. The forms work without it.
const answer = await fetch("/api/me").catch(() => null);
if (answer?.status === 200) {
  const me = await answer.json();
  document.getElementById("who").textContent = `You are logged in as ${me.name}.`;
} else if (answer?.status === 404) {
  document.getElementById("off-now").classList.add("shown");
}
