# install: headers under include/dimwise, static libraries, a CMake package and a pkg-config file.
