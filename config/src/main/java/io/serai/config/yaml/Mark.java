package io.serai.config.yaml;

import org.snakeyaml.engine.v2.nodes.Node;

/**
 * A place in a file that a person wrote.
 *
 * @param line from 1
 * @param column from 1
 */
public record Mark(String file, int line, int column) {
    /** Where a node begins. */
    public static Mark of(String file, Node node) {
        return node.getStartMark()
                .map(mark -> new Mark(file, mark.getLine() + 1, mark.getColumn() + 1))
                .orElse(new Mark(file, 1, 1));
    }

    /** {@code file:line:column}, as compilers and editors have it. */
    @Override
    public String toString() {
        return file + ":" + line + ":" + column;
    }
}
