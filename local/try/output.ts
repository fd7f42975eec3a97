/** Prints lines of text, in bold and colour if standard output is a terminal. */
const COLOURS = { bold: 1, dim: 2, red: 31, green: 32 } as const;

export class Output {
  private readonly started = Date.now();
  private readonly styled = process.stdout.isTTY === true && !process.env.NO_COLOR;

  constructor(private readonly silent = false) {}

  public step(title: string): void {
    const seconds = Math.round((Date.now() - this.started) / 1000);
    this.write(`\n${this.style('bold', `== ${title}`)} ${this.style('dim', `(${seconds} s)`)}`);
  }

  public print(text: string): void {
    this.write(text);
  }

  /** Prints a name and its value below a step. */
  public show(name: string, value: string): void {
    this.write(`   ${name.padEnd(24)} ${value}`);
  }

  /** Prints a line of another program's output. */
  public quote(line: string): void {
    this.write(this.style('dim', `   | ${line}`));
  }

  public style(name: keyof typeof COLOURS, text: string): string {
    return this.styled ? `\u001b[${COLOURS[name]}m${text}\u001b[0m` : text;
  }

  private write(text: string): void {
    if (!this.silent) process.stdout.write(`${text}\n`);
  }
}
