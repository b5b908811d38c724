# cmake -DROOT=<source folder> -P calls.cmake
# Fails where a library or an executable calls what starts a program or a shell, or opens a connection.
cmake_minimum_required(VERSION 3.25)

set(functions system popen fork vfork execl execlp execle execv execvp execve execvpe fexecve posix_spawn posix_spawnp
  wordexp dlopen socket connect getaddrinfo gethostbyname)
list(JOIN functions "|" names)

set(problems "")
set(files_seen 0)
foreach(layer autodiff ops nn hollow apps)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${layer}/*.hpp ${ROOT}/${layer}/*.cpp)
  foreach(file ${files})
    math(EXPR files_seen "${files_seen} + 1")
    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    string(REGEX REPLACE "\"([^\"\\\n]|\\\\.)*\"" "\"\"" text "${text}")
    if(text MATCHES "(^|[^A-Za-z0-9_.>])(${names})[ \t\n]*\\(")
      list(APPEND problems "${file}: calls ${CMAKE_MATCH_2}.")
    endif()
    if(text MATCHES "#[ \t]*include[ \t]*<(sys/socket|netdb|spawn|dlfcn|curl/curl)\\.h>")
      list(APPEND problems "${file}: includes <${CMAKE_MATCH_1}.h>.")
    endif()
  endforeach()
endforeach()

if(files_seen EQUAL 0)
  message(FATAL_ERROR "${ROOT} has no sources.")
endif()
if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "Nothing may start a program or a shell, or open a connection:\n  ${text}")
endif()
message(STATUS "${files_seen} files start nothing and open no connection.")
