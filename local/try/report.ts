/** What was expected and what was seen. Every `seen` comes out of an answer of the emulator or the orchestrator. */
import { writeFileSync } from 'node:fs';
import type { Output } from './output';

export interface Check {
  readonly check: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

const WIDEST = 58;

export class Report {
  private readonly checks: Check[] = [];

  /** Without `ok`, what was seen has to be what was expected. */
  public add(check: string, expected: unknown, seen: unknown, ok?: boolean): void {
    const texts = { expected: asText(expected), seen: asText(seen) };
    this.checks.push({ check, ...texts, ok: ok ?? texts.expected === texts.seen });
  }

  public get failed(): number {
    return this.checks.filter((check) => !check.ok).length;
  }

  public get passed(): number {
    return this.checks.length - this.failed;
  }

  public print(output: Output): void {
    const titles = ['check', 'expected', 'seen'] as const;
    const widths = titles.map((title) => Math.min(WIDEST, Math.max(title.length, ...this.checks.map((check) => check[title].length))));
    const row = (cells: string[]) => cells.map((cell, index) => shorten(cell, widths[index] ?? 6).padEnd(widths[index] ?? 0)).join(' | ');
    output.say('');
    output.say(row([...titles, 'result']));
    output.say([...widths, 6].map((width) => '-'.repeat(width)).join('-|-'));
    for (const check of this.checks) {
      const result = check.ok ? output.style('green', 'ok') : output.style('red', 'FAILED');
      output.say(`${row(titles.map((title) => check[title]))} | ${result}`);
    }
    for (const { check, expected, seen } of this.checks.filter(({ ok }) => !ok)) {
      output.say(`\nFAILED: ${check}\n  expected: ${expected}\n  seen:     ${seen}`);
    }
    output.say(`\n${this.passed} passed, ${this.failed} failed`);
  }

  public writeJson(file: string): void {
    writeFileSync(file, `${JSON.stringify({ passed: this.passed, failed: this.failed, checks: this.checks }, undefined, 2)}\n`);
  }
}

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? value.map(asText).join(', ') : 'none';
  return String(value).replace(/\s+/g, ' ').trim();
}

/** The middle goes: names differ at both of their ends. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}
