console.log(
  JSON.stringify(
    Object.keys(process.env)
      .filter((name) => name.startsWith('OTEL_'))
      .sort(),
  ),
);
