/**
 * Configuration objects as YAML documents and route files: reading with every problem named by file, line and field, and
 * writing. Start reading at {@link io.serai.config.document.Documents}.
 */
@NullMarked
package io.serai.config.document;

import org.jspecify.annotations.NullMarked;
