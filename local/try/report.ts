/** Collects checks with their expected and actual values. */
import { writeFileSync } from 'node:fs';
import type { Output } from './output';

export interface Check {
  readonly check: string;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
}

const MAX_COLUMN_WIDTH = 58;

export class Report {
  private readonly checks: Check[] = [];

  /** Without `ok`, the check passes if both values have the same text. */
  public add(check: string, expected: unknown, actual: unknown, ok?: boolean): void {
    const texts = { expected: asText(expected), actual: asText(actual) };
    this.checks.push({ check, ...texts, ok: ok ?? texts.expected === texts.actual });
  }

  public get failed(): number {
    return this.checks.filter((check) => !check.ok).length;
  }

  public get passed(): number {
    return this.checks.length - this.failed;
  }

  public print(output: Output): void {
    const titles = ['check', 'expected', 'actual'] as const;
    const widths = titles.map((title) => Math.min(MAX_COLUMN_WIDTH, Math.max(title.length, ...this.checks.map((check) => check[title].length))));
    const row = (cells: string[]) => cells.map((cell, index) => shorten(cell, widths[index] ?? 6).padEnd(widths[index] ?? 0)).join(' | ');
    output.print('');
    output.print(row([...titles, 'result']));
    output.print([...widths, 6].map((width) => '-'.repeat(width)).join('-|-'));
    for (const check of this.checks) {
      const result = check.ok ? output.style('green', 'ok') : output.style('red', 'FAILED');
      output.print(`${row(titles.map((title) => check[title]))} | ${result}`);
    }
    for (const { check, expected, actual } of this.checks.filter(({ ok }) => !ok)) {
      output.print(`\nFAILED: ${check}\n  expected: ${expected}\n  actual:   ${actual}`);
    }
    output.print(`\n${this.passed} passed, ${this.failed} failed`);
  }

  public writeJson(file: string): void {
    writeFileSync(file, `${JSON.stringify({ passed: this.passed, failed: this.failed, checks: this.checks }, undefined, 2)}\n`);
  }
}

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? value.map(asText).join(', ') : 'none';
  return String(value).replace(/\s+/g, ' ').trim();
}

/** Cuts the middle out, because generated names differ at the start and at the end. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}
