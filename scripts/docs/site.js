// The navigation begins unfolded: its groups are few.
new MutationObserver((_, observer) => {
  const groups = document.querySelectorAll("#tsd-nav-container > li > details");
  if (groups.length === 0) return;
  observer.disconnect();
  for (const group of groups) group.open = true;
}).observe(document.documentElement, { childList: true, subtree: true });
