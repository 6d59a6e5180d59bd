/** Stands where an answer will be; speaks only when it takes longer than 300 ms. */
export function Reading() {
  return (
    <p class="reading" aria-busy="true">
      Reading the last minutes.
    </p>
  );
}
