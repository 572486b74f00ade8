// What unfold's templates call by name, told to the build of Alpine that runs without eval; and the page's own state.

document.addEventListener("alpine:init", () => {
  for (const name of ["theme", "searchForm", "searchDropdown", "searchCommand"]) Alpine.data(name, window[name]);

  Alpine.data("staffPage", (firstTab) => ({
    // All of it that templates look at; this build of Alpine keeps the real one from them.
    window: { location: { pathname: location.pathname, search: location.search } },
    activeTab: firstTab,
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem("sidebarDesktopOpen") !== "0",
    init() {
      if (firstTab) this.activeTab = getCurrentTab() || firstTab;
      this.$watch("sidebarDesktopOpen", (open) => localStorage.setItem("sidebarDesktopOpen", open ? "1" : "0"));
    },
  }));
});
