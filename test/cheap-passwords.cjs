const argon2 = require('@node-rs/argon2');

/** The least that Argon2id allows. */
const CHEAP = { memoryCost: 8, timeCost: 1 };

/**
 * @node-rs/argon2 for the applications that run inside tests, which hash thousands of passwords of tens of milliseconds each. Programs that
 * are started as processes have the real package. `TEST_PASSWORDS=real` keeps the cost that the program asks for.
 */
module.exports = {
  ...argon2,
  hash: (password, options) =>
    argon2.hash(password, process.env.TEST_PASSWORDS === 'real' ? options : { ...options, ...CHEAP }),
};
