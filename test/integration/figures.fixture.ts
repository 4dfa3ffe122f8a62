/** Figures that an acceptance run prints; ordinary runs keep quiet. */
export type Figures = (line: string) => void;

export const quiet: Figures = () => undefined;
