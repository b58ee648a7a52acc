// A server of CGI programs: ADDRESS PROGRAMS GIT [NAME=VALUE]...
package main

import (
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
)

func main() {
	programs, err := os.ReadDir(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for _, program := range programs {
		path := "/cgi/" + program.Name()
		handler := &cgi.Handler{Path: filepath.Join(os.Args[2], program.Name()), Root: path, Env: []string{"REDIRECT_STATUS=200"}}
		http.Handle(path, handler)
	}
	http.Handle("/git/", &cgi.Handler{Path: os.Args[3], Root: "/git", Env: os.Args[4:]})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
