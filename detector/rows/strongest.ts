/** Mean of the `k` largest of `values`, of all where there are fewer. `room` has place for `k`. */
export function meanOfStrongest(values: Float64Array, k: number, room: Float64Array): number {
  const most = Math.min(k, values.length);
  let kept = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (kept === most && value <= (room[most - 1] as number)) continue;
    let at = kept < most ? kept++ : most - 1;
    while (at > 0 && (room[at - 1] as number) < value) {
      room[at] = room[at - 1] as number;
      at--;
    }
    room[at] = value;
  }
  let sum = 0;
  for (let i = 0; i < most; i++) sum += room[i] as number;
  return sum / most;
}
