// What the grid shows in its head. Texts do, so that there is no font to load.
const icon = (text: string): string => `<span aria-hidden="true">${text}</span>`;

export const icons = {
  sortAscending: icon("↑"),
  sortDescending: icon("↓"),
  sortUnSort: icon("↕"),
  columnMoveMove: icon("⇄"),
  columnMoveHide: icon("✕"),
  columnMoveLeft: icon("←"),
  columnMoveRight: icon("→"),
  columnMovePin: icon("⇤"),
  dropNotAllowed: icon("✕"),
};
