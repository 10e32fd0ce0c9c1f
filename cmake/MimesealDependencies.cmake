# SPDX-License-Identifier: MIT
# Third-party libraries, all from the distribution. Each is linked PRIVATE by the modules that name it.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(GpgME REQUIRED)
find_package(LibIDN2 REQUIRED)
find_package(Mimetic REQUIRED)

# Headers only: nothing of them is left in the built library.
find_package(nlohmann_json REQUIRED)
find_package(valijson REQUIRED)

find_package(Boost REQUIRED COMPONENTS program_options)
