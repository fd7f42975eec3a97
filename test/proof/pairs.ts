/** Pairwise testing: nearly the fewest combinations in which any two choices of different inputs occur together. */

export type Choices = Record<string, readonly string[]>;
export type Choice<T extends Choices> = { readonly [K in keyof T]: T[K][number] };

export function allPairs<T extends Choices>(choices: T, seed: number): Choice<T>[] {
  const names = Object.keys(choices);
  const inputs = names.map((name) => choices[name]!);
  // Choices and pairs are numbers, because the search checks millions of pairs.
  const starts = inputs.map((_values, index) => inputs.slice(0, index).reduce((sum, values) => sum + values.length, 0));
  const count = starts.at(-1)! + inputs.at(-1)!.length;
  const open = new Uint8Array(count * count);
  const pairs = inputs.flatMap((values, one) => inputs.slice(one + 1).flatMap((others, next) =>
    values.flatMap((_value, i) => others.map((_other, j) => ({
      one, other: one + 1 + next, i, j, pair: (starts[one]! + i) * count + starts[one + 1 + next]! + j,
    })))));
  pairs.forEach(({ pair }) => { open[pair] = 1; });
  const random = generator(seed);
  const pick = (values: readonly string[]) => Math.floor(random() * values.length);
  const gain = (row: number[]) => {
    let sum = 0;
    for (let one = 0; one < row.length; one++) {
      const line = (starts[one]! + row[one]!) * count;
      for (let other = one + 1; other < row.length; other++) sum += open[line + starts[other]! + row[other]!]!;
    }
    return sum;
  };
  const rows: number[][] = [];
  for (const { one, other, i, j, pair } of pairs) {
    // Starts with an uncovered pair, so that each row covers at least one.
    if (!open[pair]) continue;
    let best: number[] = [];
    let most = -1;
    for (let tries = 0; tries < 200; tries++) {
      const row = inputs.map((values, index) => index === one ? i : index === other ? j : pick(values));
      const gained = gain(row);
      if (gained > most) [best, most] = [row, gained];
    }
    best.forEach((value, first) => best.slice(first + 1).forEach((second, next) => {
      open[(starts[first]! + value) * count + starts[first + 1 + next]! + second] = 0;
    }));
    rows.push(best);
  }
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], inputs[index]![value]]))) as Choice<T>[];
}

/** A random number generator (Park and Miller) that gives the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
