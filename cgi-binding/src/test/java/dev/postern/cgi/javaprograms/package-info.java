/** Java CGI programs, named by what they do wrong or rely on; run inside the server and spawned. */
package dev.postern.cgi.javaprograms;
