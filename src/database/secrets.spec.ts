import { isVerifierOf, scramVerifier } from './secrets';

describe('a SCRAM verifier', () => {
  /** Made by PostgreSQL 18.4 for the password `pencil`. */
  const OF_SERVER =
    'SCRAM-SHA-256$4096:D2yhPqKek/T2u4kBQjn/KA==$uoK/uhMddePuaEvFCwoVhFHeGLBI2FbMTiNVwO2lR2w=:tO9su4GsTs4waWcy5SFgkKlT3Ar2SS1xD9CmevC3syE=';

  it('is recognised with its password and with no other', () => {
    const verifier = scramVerifier('pencil');
    expect(isVerifierOf('pencil', verifier)).toBe(true);
    expect(isVerifierOf('pencils', verifier)).toBe(false);
    expect(isVerifierOf('pencil', OF_SERVER)).toBe(true);
    expect(isVerifierOf('pencils', OF_SERVER)).toBe(false);
  });

  it.each(['', 'md5a3556571e93b0d20722ba62be61e8c2d', 'SCRAM-SHA-256$x'])('is not %p', (text) => {
    expect(isVerifierOf('pencil', text)).toBe(false);
  });
});
