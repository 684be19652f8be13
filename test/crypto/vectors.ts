/** Known answers, from the standards that name them. */
import { ascii, fromHex } from "../support/bytes.js";

/** FIPS 180-4: digests of nothing and of "abc"; `chained` is `chainedDigest` of hash-suite.ts, computed with OpenSSL. */
export const DIGESTS = {
  sha256: {
    empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    chained: "d5238871a46ac4a1a75ac3fb19d645b0b3b9e5f35f5f720e2b240d605c6b694e",
  },
  sha384: {
    empty: "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
    abc: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    chained: "e3a73ee7e40ce4f9bb660f1ec279e2e3145ce11a3d066daaf5ba43639ef37a5e105d92e2090d8f782a96ca4c97457b29",
  },
  sha512: {
    empty:
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
      "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    abc:
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    chained:
      "30d6c78a55e1f152f00703601a37b39b96c6c8fa2b3e66fb9c8182466b108d39" +
      "d5dd84827c69cadb4376853da7ec31ea83a0a7a0e5a713bac426e0f0ceea8424",
  },
};

export interface CurveVectors {
  readonly order: string;
  readonly scalar: string;
  readonly publicKey: string;
  /** Signatures over "sample", by hash: longer digests than the order are truncated, shorter ones are not padded. */
  readonly signatures: { readonly sha256: string; readonly sha384: string; readonly sha512: string };
}

/** RFC 6979 A.2.5 and A.2.6. */
export const P256: CurveVectors = {
  order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  scalar: "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
  publicKey:
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
  signatures: {
    sha256:
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    sha384:
      "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719" +
      "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954",
    sha512:
      "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00" +
      "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
  },
};

export const P384: CurveVectors = {
  order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  scalar: "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
  publicKey:
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13" +
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
  signatures: {
    sha256:
      "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd" +
      "f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0",
    sha384:
      "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46" +
      "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    sha512:
      "ed0959d5880ab2d869ae7f6c2915c6d60f96507f9cb3e047c0046861da4a799cfe30f35cc900056d7c99cd7882433709" +
      "512c8cceee3890a84058ce1e22dbc2198f42323ce8aca9135329f03c068e5112dc7cc3ef3446defceb01a45c2667fdd5",
  },
};

export interface AeadVector {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly text: Uint8Array;
  readonly sealed: string;
  readonly tag: string;
}

const GCM_KEY = "feffe9928665731c6d6a8f9467308308";
const GCM_COMMON = {
  nonce: fromHex("cafebabefacedbaddecaf888"),
  associatedData: fromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
  text: fromHex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
  ),
};

/** The Galois/Counter Mode of Operation (McGrew, Viega), test cases 4 and 16; RFC 8439 §2.8.2. */
export const AEADS: {
  readonly aes128Gcm: AeadVector;
  readonly aes256Gcm: AeadVector;
  readonly chacha20Poly1305: AeadVector;
} = {
  aes128Gcm: {
    ...GCM_COMMON,
    key: fromHex(GCM_KEY),
    sealed:
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    tag: "5bc94fbc3221a5db94fae95ae7121a47",
  },
  aes256Gcm: {
    ...GCM_COMMON,
    key: fromHex(GCM_KEY + GCM_KEY),
    sealed:
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
  chacha20Poly1305: {
    key: fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
    nonce: fromHex("070000004041424344454647"),
    associatedData: fromHex("50515253c0c1c2c3c4c5c6c7"),
    text: ascii(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ),
    sealed:
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
    tag: "1ae10b594f09e26a7e902ecbd0600691",
  },
};
