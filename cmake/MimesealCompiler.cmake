# SPDX-License-Identifier: MIT
# Language, warnings, hardening and sanitizers, the same for every target.
include(CheckPIESupported)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
check_pie_supported()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# A designated initializer leaves the other members to their defaults on purpose.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers)
if(MIMESEAL_WERROR)
  add_compile_options(-Werror)
endif()

add_compile_options(-fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL Release)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
endif()

if(MIMESEAL_SANITIZE)
  add_compile_options(-fsanitize=${MIMESEAL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MIMESEAL_SANITIZE})
endif()
if(MIMESEAL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
