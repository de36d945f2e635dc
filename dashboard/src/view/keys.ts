/** Keys of the whole page, wherever the focus is but in what takes text and in dialogs. */
export function onKeys(document: Document, acts: Readonly<Record<string, () => void>>): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.closest("dialog") !== null) return;
    if (takesText(target) && event.key !== "Escape") return;
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

const takesText = (target: HTMLElement): boolean => target.matches("input:not([type=radio], [type=range], [type=checkbox]), select, textarea");
