// Loaded before a program: at SIGUSR2 it rejects a promise that nobody waits for, as a fault of the program would.
process.on('SIGUSR2', () => {
  // oxlint-disable-next-line typescript/no-floating-promises -- that is what is tried
  Promise.reject(new Error('nobody has caught this'));
});
