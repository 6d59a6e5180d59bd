/** The CommonJS door to the one ES module, so that `import` and `require` share its state. */
import sdk = require('./sdk.ts');
export = sdk;
