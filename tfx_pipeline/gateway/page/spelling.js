// What a query was taken for: the model corrects words that are spelt wrong, and its answers show to what.

const looked = 10;
const shortest = 4;

/**
 * The query with each word that is nowhere in the best titles replaced by the word there that is spelt nearly like it.
 * @returns {string} "" where all words are as they were typed.
 */
export function readAs(query, products) {
  const titles = products.slice(0, looked).map(({ title }) => title.toLowerCase());
  const known = new Set(titles.flatMap((title) => title.match(/[\p{L}\p{N}]+/gu) ?? []));
  const typed = query.toLowerCase().split(/\s+/);
  const read = typed.map((word) => {
    if (word.length < shortest || titles.some((title) => title.includes(word))) return word;
    const most = word.length < 8 ? 1 : 2;
    return [...known].find((other) => near(word, other, most)) ?? word;
  });
  return read.some((word, at) => word !== typed[at]) ? read.join(" ") : "";
}

/** Whether at most so many letters lie between two words: put in, left out, changed or swapped with the next (Damerau). */
function near(one, other, most) {
  if (Math.abs(one.length - other.length) > most || other.length < shortest) return false;
  let before = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      now[column] = Math.min(last[column] + 1, now[column - 1] + 1, last[column - 1] + same);
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped) now[column] = Math.min(now[column], before[column - 2] + 1);
    }
    [before, last] = [last, now];
  }
  return last[other.length] <= most;
}
