//go:build !purego

#include "textflag.h"

// The bytes of a 128-bit number in reverse.
DATA reverse<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+8(SB)/8, $0x0001020304050607
GLOBL reverse<>(SB), RODATA|NOPTR, $16

// 0, 1, 2 and 3 as 128-bit numbers.
DATA first<>+0(SB)/8, $0
DATA first<>+8(SB)/8, $0
DATA first<>+16(SB)/8, $1
DATA first<>+24(SB)/8, $0
DATA first<>+32(SB)/8, $2
DATA first<>+40(SB)/8, $0
DATA first<>+48(SB)/8, $3
DATA first<>+56(SB)/8, $0
GLOBL first<>(SB), RODATA|NOPTR, $64

DATA four<>+0(SB)/8, $4
DATA four<>+8(SB)/8, $0
GLOBL four<>(SB), RODATA|NOPTR, $16

DATA sixteen<>+0(SB)/8, $16
DATA sixteen<>+8(SB)/8, $0
GLOBL sixteen<>(SB), RODATA|NOPTR, $16

// X0 is the key of the round before; the key of this round replaces it.
#define NEXTKEY(constant, at) \
	AESKEYGENASSIST $constant, X0, X1 \
	PSHUFD $0xff, X1, X1 \
	MOVOU  X0, X2        \
	PSLLDQ $4, X2        \
	PXOR   X2, X0        \
	PSLLDQ $4, X2        \
	PXOR   X2, X0        \
	PSLLDQ $4, X2        \
	PXOR   X2, X0        \
	PXOR   X1, X0        \
	MOVOU  X0, at(DI)

// func expand(key *[16]byte, keys *[11][16]byte)
TEXT ·expand(SB), NOSPLIT, $0-16
	MOVQ  key+0(FP), SI
	MOVQ  keys+8(FP), DI
	MOVOU (SI), X0
	MOVOU X0, (DI)
	NEXTKEY(0x01, 16)
	NEXTKEY(0x02, 32)
	NEXTKEY(0x04, 48)
	NEXTKEY(0x08, 64)
	NEXTKEY(0x10, 80)
	NEXTKEY(0x20, 96)
	NEXTKEY(0x40, 112)
	NEXTKEY(0x80, 128)
	NEXTKEY(0x1b, 144)
	NEXTKEY(0x36, 160)
	RET

// One round of all sixteen blocks.
#define ROUND(key) \
	VAESENC key, Z4, Z4 \
	VAESENC key, Z5, Z5 \
	VAESENC key, Z6, Z6 \
	VAESENC key, Z7, Z7

// Z0 to Z3 are the counters of the group, four to a register, as little-endian
// numbers, begun from X1:X0 in all four lanes; Z4 to Z7 the blocks; Z10 to Z20 the round keys.
#define BEGIN \
	VBROADCASTI32X4 0(SI), Z10 \
	VBROADCASTI32X4 16(SI), Z11 \
	VBROADCASTI32X4 32(SI), Z12 \
	VBROADCASTI32X4 48(SI), Z13 \
	VBROADCASTI32X4 64(SI), Z14 \
	VBROADCASTI32X4 80(SI), Z15 \
	VBROADCASTI32X4 96(SI), Z16 \
	VBROADCASTI32X4 112(SI), Z17 \
	VBROADCASTI32X4 128(SI), Z18 \
	VBROADCASTI32X4 144(SI), Z19 \
	VBROADCASTI32X4 160(SI), Z20 \
	VBROADCASTI32X4 reverse<>(SB), Z21 \
	VBROADCASTI32X4 sixteen<>(SB), Z22 \
	VBROADCASTI32X4 four<>(SB), Z23 \
	PUNPCKLQDQ X1, X0 \
	VSHUFI64X2 $0, Z0, Z0, Z0 \
	VPADDQ  first<>(SB), Z0, Z0 \
	VPADDQ  Z23, Z0, Z1 \
	VPADDQ  Z23, Z1, Z2 \
	VPADDQ  Z23, Z2, Z3

// The next group.
#define GROUP \
	VPSHUFB Z21, Z0, Z4 \
	VPSHUFB Z21, Z1, Z5 \
	VPSHUFB Z21, Z2, Z6 \
	VPSHUFB Z21, Z3, Z7 \
	VPADDQ  Z22, Z0, Z0 \
	VPADDQ  Z22, Z1, Z1 \
	VPADDQ  Z22, Z2, Z2 \
	VPADDQ  Z22, Z3, Z3 \
	VPXORQ  Z10, Z4, Z4 \
	VPXORQ  Z10, Z5, Z5 \
	VPXORQ  Z10, Z6, Z6 \
	VPXORQ  Z10, Z7, Z7 \
	ROUND(Z11) \
	ROUND(Z12) \
	ROUND(Z13) \
	ROUND(Z14) \
	ROUND(Z15) \
	ROUND(Z16) \
	ROUND(Z17) \
	ROUND(Z18) \
	ROUND(Z19) \
	VAESENCLAST Z20, Z4, Z4 \
	VAESENCLAST Z20, Z5, Z5 \
	VAESENCLAST Z20, Z6, Z6 \
	VAESENCLAST Z20, Z7, Z7

// func keystream(dst *byte, n int, keys *[11][16]byte, high, low uint64)
TEXT ·keystream(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ keys+16(FP), SI
	MOVQ high+24(FP), X1
	MOVQ low+32(FP), X0
	BEGIN

write:
	GROUP
	VMOVDQU64 Z4, 0(DI)
	VMOVDQU64 Z5, 64(DI)
	VMOVDQU64 Z6, 128(DI)
	VMOVDQU64 Z7, 192(DI)
	ADDQ $256, DI
	DECQ CX
	JNZ  write
	VZEROUPPER
	RET

// func equal(src *byte, n int, keys *[11][16]byte, high, low uint64, first uint64) bool
//
// Z24 gathers every bit that differs: $0xf6 is a | (b ^ c). K2 has a bit for
// each of the first 64 bytes that counts.
TEXT ·equal(SB), NOSPLIT, $0-49
	MOVQ  src+0(FP), DI
	MOVQ  n+8(FP), CX
	MOVQ  keys+16(FP), SI
	MOVQ  high+24(FP), X1
	MOVQ  low+32(FP), X0
	KMOVQ first+40(FP), K2
	BEGIN
	GROUP
	VPXORQ 0(DI), Z4, Z4
	VMOVDQU8.Z Z4, K2, Z24
	JMP  rest

compare:
	GROUP
	VPTERNLOGQ $0xf6, 0(DI), Z4, Z24

rest:
	VPTERNLOGQ $0xf6, 64(DI), Z5, Z24
	VPTERNLOGQ $0xf6, 128(DI), Z6, Z24
	VPTERNLOGQ $0xf6, 192(DI), Z7, Z24
	ADDQ $256, DI
	DECQ CX
	JNZ  compare
	VPTESTMQ Z24, Z24, K1
	KORTESTW K1, K1
	SETEQ ret+48(FP)
	VZEROUPPER
	RET
