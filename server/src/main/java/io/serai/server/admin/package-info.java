/**
 * The admin REST API on its own listener: operations declared once, served and described (OpenAPI) from the same
 * declaration. Partner protocols have no way here. Start reading at {@link io.serai.server.admin.AdminServer}.
 */
@NullMarked
package io.serai.server.admin;

import org.jspecify.annotations.NullMarked;
