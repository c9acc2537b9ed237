/** The line changed level. `pressed` is after active-low is applied; `occurredAt` is the kernel's time, monotonic ms. */
export interface ButtonEdge {
  type: "button.edge";
  occurredAt: number;
  pressed: boolean;
}

/** The line cannot be read (`lost`), or can be again (`ready`): each is told once, and a line is ready until it is lost. */
export interface ButtonLineState {
  type: "button.line";
  occurredAt: number;
  state: "ready" | "lost";
  reason: string;
}

/** A raw input line. It does no debouncing: the core decides what a press is. */
export interface ButtonLine {
  start(post: (input: ButtonEdge | ButtonLineState) => void): void;
  stop(): Promise<void>;
}
