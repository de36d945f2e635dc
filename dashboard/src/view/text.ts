/** Elements are found once; one that is missing is a mistake in index.html. */
export function element(document: Document, id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

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
