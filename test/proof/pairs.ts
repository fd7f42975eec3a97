/** All pairs: the fewest combinations, nearly, in which every two choices of different inputs meet. */

export type Choices = Record<string, readonly string[]>;
export type Choice<T extends Choices> = { readonly [K in keyof T]: T[K][number] };

export function allPairs<T extends Choices>(choices: T, seed: number): Choice<T>[] {
  const names = Object.keys(choices);
  const open = new Set(names.flatMap((one, index) => names.slice(index + 1).flatMap((other) =>
    choices[one]!.flatMap((value) => choices[other]!.map((second) => `${one}=${value}&${other}=${second}`)))));
  const pairsOf = (row: Record<string, string>) => names.flatMap((one, index) => names.slice(index + 1).map((other) => `${one}=${row[one]}&${other}=${row[other]}`));
  const random = generator(seed);
  const pick = (values: readonly string[]) => values[Math.floor(random() * values.length)]!;
  const rows: Record<string, string>[] = [];
  while (open.size > 0) {
    // Starts from a pair that is still open, so that each row covers one at least.
    const forced = Object.fromEntries([...open][0]!.split('&').map((part) => part.split('=') as [string, string]));
    const gain = (row: Record<string, string>) => pairsOf(row).filter((pair) => open.has(pair)).length;
    const best = Array.from({ length: 200 }, () => Object.fromEntries(names.map((name) => [name, forced[name] ?? pick(choices[name]!)])))
      .reduce((one, other) => gain(other) > gain(one) ? other : one);
    pairsOf(best).forEach((pair) => open.delete(pair));
    rows.push(best);
  }
  return rows as Choice<T>[];
}

/** Always the same numbers (Park and Miller). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
