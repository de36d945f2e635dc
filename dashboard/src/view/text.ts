/** Elements are found once; one that is missing is a mistake in index.html. */
export function element(document: Document, id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

export const input = (document: Document, id: string): HTMLInputElement => element(document, id) as HTMLInputElement;
export const select = (document: Document, id: string): HTMLSelectElement => element(document, id) as HTMLSelectElement;
export const dialog = (document: Document, id: string): HTMLDialogElement => element(document, id) as HTMLDialogElement;

/** The text of an element of index.html. */
export const textOf = (document: Document, id: string): Text => new Text(element(document, id));

/** A text that touches the DOM only when it changes. */
export class Text {
  readonly #node: globalThis.Text;

  constructor(parent: Node) {
    parent.textContent = "";
    this.#node = (parent.ownerDocument ?? document).createTextNode("");
    parent.appendChild(this.#node);
  }

  set(text: string): void {
    if (this.#node.data !== text) this.#node.data = text;
  }
}
