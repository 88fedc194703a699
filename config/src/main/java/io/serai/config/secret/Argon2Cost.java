package io.serai.config.secret;

/** What one computation of argon2id costs. The upper bounds keep a forged hash from exhausting the server. */
record Argon2Cost(int memoryKib, int passes, int lanes) {
    private static final int MOST_MEMORY_KIB = 65_536;
    private static final int MOST_PASSES = 10;
    private static final int MOST_LANES = 4;

    Argon2Cost {
        if (lanes < 1 || lanes > MOST_LANES || passes < 1 || passes > MOST_PASSES) {
            throw new IllegalArgumentException("argon2id passes or lanes are out of bounds");
        }
        if (memoryKib < 8 * lanes || memoryKib > MOST_MEMORY_KIB) {
            throw new IllegalArgumentException("argon2id memory is out of bounds");
        }
    }
}
